package main

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// known is what expressions of PromQL may name.
type known struct {
	shown    exposition
	values   func(metric, label string) []string
	recorded []string // by rules
}

var (
	grouping = regexp.MustCompile(`\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)`)
	selector = regexp.MustCompile(`\b((?:keywright|go|process|up)(?:[_:]\w+)*)\b(?:\{([^}]*)\})?`)
	matcher  = regexp.MustCompile(`(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"`)
	literal  = regexp.MustCompile(`^[\w]+$`)
)

// scraped are the labels that Prometheus itself gives every series.
var scraped = []string{"job", "instance"}

// check returns what an expression, and the labels that are shown of it, name
// and does not exist.
func (k known) check(expression string, shownLabels ...string) (problems []string) {
	labels := slices.Clone(scraped)
	names := 0
	for _, s := range selector.FindAllStringSubmatch(grouping.ReplaceAllString(expression, ""), -1) {
		names++
		of, ok := k.labelsOf(s[1])
		if !ok {
			problems = append(problems, "there is no "+s[1])
			continue
		}
		labels = append(labels, of...)
		for _, m := range matcher.FindAllStringSubmatch(s[2], -1) {
			if !slices.Contains(scraped, m[1]) {
				problems = append(problems, k.checkMatcher(s[1], of, m[1], m[3])...)
			}
		}
	}
	if names == 0 {
		problems = append(problems, "it names no metric")
	}
	for _, g := range grouping.FindAllStringSubmatch(expression, -1) {
		for label := range strings.SplitSeq(g[1], ",") {
			shownLabels = append(shownLabels, strings.TrimSpace(label))
		}
	}
	for _, label := range shownLabels {
		if !slices.Contains(labels, label) {
			problems = append(problems, "nothing has the label "+label)
		}
	}
	return problems
}

// labelsOf are those of a series, if there is one of that name.
func (k known) labelsOf(series string) ([]string, bool) {
	switch {
	case series == "up":
		return nil, true
	case slices.Contains(k.recorded, series):
		return []string{"endpoint"}, true
	}
	f, ok := k.shown.find(series)
	labels := slices.Collect(maps.Keys(f.labels))
	if strings.HasSuffix(series, "_bucket") {
		labels = append(labels, "le")
	}
	return labels, ok
}

// checkMatcher looks whether the label exists and may say what is asked for.
func (k known) checkMatcher(series string, labels []string, label, values string) (problems []string) {
	if !slices.Contains(labels, label) {
		return []string{series + " has no label " + label}
	}
	allowed := k.values(series, label)
	for value := range strings.SplitSeq(values, "|") {
		if allowed != nil && literal.MatchString(value) && !slices.Contains(allowed, value) {
			problems = append(problems, series+" never has "+label+" "+value)
		}
	}
	return problems
}

// TestExpressionCheck lets the check find what it is there for.
func TestExpressionCheck(t *testing.T) {
	t.Parallel()
	k := known{
		shown:    exposition{"keywright_things_total": {"counter", map[string][]string{"kind": {"good"}}}},
		values:   func(string, string) []string { return []string{"good", "bad"} },
		recorded: []string{"keywright:things:rate5m"},
	}
	for expression, right := range map[string]bool{
		`sum by (kind) (rate(keywright_things_total{kind=~"good|bad", job="$job"}[5m]))`: true,
		`keywright:things:rate5m / on (endpoint) keywright:things:rate5m`:                true,
		`up{job="keywright"} == 0`:                                true,
		`rate(keywright_thing_total[5m])`:                         false,
		`rate(keywright_things_total_bucket[5m])`:                 false,
		`keywright:things:rate1m`:                                 false,
		`keywright_things_total{type="good"}`:                     false,
		`keywright_things_total{kind="ugly"}`:                     false,
		`sum by (type) (keywright_things_total{job="keywright"})`: false,
		`time()`: false,
	} {
		if problems := k.check(expression); (len(problems) == 0) != right {
			t.Errorf("%s: found %q", expression, problems)
		}
	}
}
