package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// exposition is what a process shows at /metrics: its families by name.
type exposition map[string]family

// family are the series of one metric.
type family struct {
	kind   string              // counter, gauge, histogram or summary
	labels map[string][]string // with every value that was seen
}

var (
	kindLine    = regexp.MustCompile(`^# TYPE (\w+) (\w+)$`)
	sampleLine  = regexp.MustCompile(`^(\w+)(?:\{(.*)\})? \S+$`)
	samplePairs = regexp.MustCompile(`(\w+)="((?:[^"\\]|\\.)*)"`)
)

// readExposition reads the text format, as far as this server writes it.
func readExposition(t *testing.T, text string) exposition {
	t.Helper()
	e := exposition{}
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		if kind := kindLine.FindStringSubmatch(line); kind != nil {
			e[kind[1]] = family{kind[2], map[string][]string{}}
			continue
		}
		sample := sampleLine.FindStringSubmatch(line)
		if sample == nil {
			if !strings.HasPrefix(line, "# HELP ") {
				t.Fatalf("not an exposition: %q", line)
			}
			continue
		}
		f, ok := e.find(sample[1])
		if !ok {
			t.Fatalf("%s has no type", sample[1])
		}
		for _, pair := range samplePairs.FindAllStringSubmatch(sample[2], -1) {
			if !slices.Contains(f.labels[pair[1]], pair[2]) {
				f.labels[pair[1]] = append(f.labels[pair[1]], pair[2])
			}
		}
	}
	return e
}

// find returns the family of a series, which for histograms has more names.
func (e exposition) find(series string) (family, bool) {
	if f, ok := e[series]; ok {
		return f, true
	}
	for _, suffix := range []string{"_bucket", "_sum", "_count"} {
		if base, ok := strings.CutSuffix(series, suffix); ok {
			f, ok := e[base]
			return f, ok && (f.kind == "histogram" || f.kind == "summary")
		}
	}
	return family{}, false
}

const metricsDocument = "../../docs/metrics.md"

// documentedMetric is a row of the first table of docs/metrics.md.
type documentedMetric struct {
	kind   string
	labels []string
}

var (
	metricRow = regexp.MustCompile("(?m)^\\| `(keywright_\\w+)` \\| (\\w+) \\|([^|]*)\\| (?:sum|max|–) \\|")
	labelRow  = regexp.MustCompile("(?m)^\\| (`[^|]*`) \\|([^|]*)\\| (.*) \\|$")
	quoted    = regexp.MustCompile("`([^`]*)`")
)

// quotes returns what a text has between backquotes.
func quotes(text string) []string {
	var all []string
	for _, q := range quoted.FindAllStringSubmatch(text, -1) {
		all = append(all, q[1])
	}
	return all
}

// documentedMetrics reads the first table of docs/metrics.md.
func documentedMetrics(t *testing.T) map[string]documentedMetric {
	t.Helper()
	all := map[string]documentedMetric{}
	for _, row := range metricRow.FindAllStringSubmatch(read(t, metricsDocument), -1) {
		all[row[1]] = documentedMetric{row[2], quotes(row[3])}
	}
	if len(all) < 20 {
		t.Fatalf("found %d metrics in %s", len(all), metricsDocument)
	}
	return all
}

// documentedValues reads the second table of docs/metrics.md: what the label
// of a metric may say, or nothing where the set is not fixed.
func documentedValues(t *testing.T) func(metric, label string) []string {
	t.Helper()
	_, table, _ := strings.Cut(read(t, metricsDocument), "\n## Labels\n")
	rows := labelRow.FindAllStringSubmatch(table, -1)
	causes := quotes(strings.Join(regexp.MustCompile("(?m)^\\| `[a-z_]+`").FindAllString(read(t, "../../docs/errors.md"), -1), ""))
	if len(rows) < 10 || len(causes) < 30 {
		t.Fatalf("found %d labels and %d causes", len(rows), len(causes))
	}
	open := []string{"route", "method", "code", "credential_id", "organization"}
	return func(metric, label string) []string {
		for _, row := range rows {
			labels, of := quotes(row[1]), quotes(row[2])
			if !slices.Contains(labels, label) || of != nil && !slices.Contains(of, metric) {
				continue
			}
			if len(labels) > 1 || len(of) == 0 && slices.Contains(open, label) {
				return nil
			}
			values := quotes(row[3])
			if strings.Contains(row[3], "(errors.md#causes)") {
				values = append(values, causes...)
			}
			return values
		}
		return nil
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
