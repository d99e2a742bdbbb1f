package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/knadh/koanf/parsers/yaml"
)

const (
	deployFolder       = "../../deploy"
	rulesFile          = deployFolder + "/prometheus/rules.yml"
	rulesTestFile      = deployFolder + "/prometheus/rules_test.yml"
	dashboardFile      = deployFolder + "/grafana/keywright.json"
	operationsDocument = "../../docs/operations.md"
)

// readYAML reads a file into a value with the field names of its keys.
func readYAML(t *testing.T, path string, into any) {
	t.Helper()
	read, err := yaml.Parser().Unmarshal([]byte(read(t, path)))
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	encoded, err := json.Marshal(read)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(encoded, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// rule is one that records or alerts.
type rule struct {
	Record, Alert, Expr string
	Labels, Annotations map[string]string
}

func readRules(t *testing.T) (all []rule) {
	t.Helper()
	var file struct{ Groups []struct{ Rules []rule } }
	readYAML(t, rulesFile, &file)
	for _, g := range file.Groups {
		all = append(all, g.Rules...)
	}
	if len(all) < 20 {
		t.Fatalf("found %d rules", len(all))
	}
	return all
}

func recordedBy(rules []rule) (names []string) {
	for _, r := range rules {
		if r.Record != "" {
			names = append(names, r.Record)
		}
	}
	return names
}

var (
	templateLabel = regexp.MustCompile(`\$labels\.(\w+)`)
	legendLabel   = regexp.MustCompile(`{{\s*(\w+)\s*}}`)
)

// submatches are the first groups of all matches.
func submatches(re *regexp.Regexp, text string) (found []string) {
	for _, m := range re.FindAllStringSubmatch(text, -1) {
		found = append(found, m[1])
	}
	return found
}

func rulesUseWhatIsShown(t *testing.T, shown exposition) {
	rules := readRules(t)
	k := known{shown, documentedValues(t), recordedBy(rules)}
	for _, r := range rules {
		for _, problem := range k.check(r.Expr, submatches(templateLabel, r.Annotations["description"])...) {
			t.Errorf("%s%s: %s", r.Record, r.Alert, problem)
		}
	}
}

// TestPrometheusRules: promtool takes them, and lets every alert fire when
// its own thing goes wrong and all stay silent when all is well.
func TestPrometheusRules(t *testing.T) {
	t.Parallel()
	runPromtool(t, "", "check", "config", filepath.Join(deployFolder, "prometheus/prometheus.yml"))
	runPromtool(t, "", "test", "rules", rulesTestFile)
}

// TestAlerts: every alert is explained, and tested both ways.
func TestAlerts(t *testing.T) {
	t.Parallel()
	var file struct {
		Tests []struct {
			AlertRuleTest []struct {
				Alertname string
				ExpAlerts []any `json:"exp_alerts"`
			} `json:"alert_rule_test"`
		}
	}
	readYAML(t, rulesTestFile, &file)
	fires, silent := map[string]bool{}, map[string]bool{}
	for _, test := range file.Tests {
		for _, a := range test.AlertRuleTest {
			fires[a.Alertname] = fires[a.Alertname] || len(a.ExpAlerts) > 0
			silent[a.Alertname] = silent[a.Alertname] || len(a.ExpAlerts) == 0
		}
	}
	anchors := anchorsOf(read(t, operationsDocument))
	for _, r := range readRules(t) {
		if r.Alert == "" {
			continue
		}
		if !fires[r.Alert] || !silent[r.Alert] {
			t.Errorf("%s: it fires in a test: %t; it is silent in one: %t", r.Alert, fires[r.Alert], silent[r.Alert])
		}
		if r.Annotations["summary"] == "" || r.Annotations["description"] == "" || r.Labels["severity"] == "" {
			t.Errorf("%s has no severity, summary or description", r.Alert)
		}
		anchor, ok := strings.CutPrefix(r.Annotations["runbook"], "docs/operations.md#")
		if !ok || anchor != strings.ToLower(r.Alert) || !slices.Contains(anchors, anchor) {
			t.Errorf("%s: there is no section %q", r.Alert, r.Annotations["runbook"])
		}
	}
}

// anchorsOf are those of the headings of a document, as far as they are words.
func anchorsOf(document string) (anchors []string) {
	for _, heading := range submatches(regexp.MustCompile(`(?m)^#+ (.+)$`), document) {
		anchors = append(anchors, strings.ReplaceAll(strings.ToLower(heading), " ", "-"))
	}
	return anchors
}

// panel is one of a Grafana dashboard.
type panel struct {
	ID      int
	Title   string
	Type    string
	GridPos struct{ X, Y, W, H int }
	Targets []struct{ Expr, LegendFormat string }
}

type dashboard struct {
	Panels     []panel
	Templating struct {
		List []struct{ Name, Definition string }
	}
}

func readDashboard(t *testing.T) (d dashboard) {
	t.Helper()
	if err := json.Unmarshal([]byte(read(t, dashboardFile)), &d); err != nil {
		t.Fatal(err)
	}
	if len(d.Panels) < 20 || len(d.Templating.List) < 3 {
		t.Fatalf("found %d panels and %d variables", len(d.Panels), len(d.Templating.List))
	}
	return d
}

func dashboardUsesWhatIsShown(t *testing.T, shown exposition) {
	d := readDashboard(t)
	k := known{shown, documentedValues(t), nil}
	for _, p := range d.Panels {
		if p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("%s shows nothing", p.Title)
		}
		for _, target := range p.Targets {
			for _, problem := range k.check(target.Expr, submatches(legendLabel, target.LegendFormat)...) {
				t.Errorf("%s: %s", p.Title, problem)
			}
		}
	}
	for _, v := range d.Templating.List {
		inner := submatches(regexp.MustCompile(`^label_values\((.*), (?:job|instance)\)$`), v.Definition)
		if len(inner) == 0 && v.Name != "datasource" {
			t.Errorf("variable %s: %q", v.Name, v.Definition)
		}
		for _, expression := range inner {
			for _, problem := range k.check(expression) {
				t.Errorf("variable %s: %s", v.Name, problem)
			}
		}
	}
}

// TestDashboard: its panels do not overlap, and promtool takes their expressions.
func TestDashboard(t *testing.T) {
	t.Parallel()
	d := readDashboard(t)
	type cell struct{ x, y int }
	taken, ids := map[cell]string{}, map[int]bool{}
	rules := "groups:\n- name: dashboard\n  rules:\n"
	for _, p := range d.Panels {
		if ids[p.ID] {
			t.Errorf("%s: its id is taken", p.Title)
		}
		ids[p.ID] = true
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other := taken[cell{x, y}]; other != "" || x >= 24 {
					t.Fatalf("%s lies on %q or beyond the edge", p.Title, other)
				}
				taken[cell{x, y}] = p.Title
			}
		}
		for i, target := range p.Targets {
			expr := strings.NewReplacer("$__rate_interval", "5m", "$__range", "6h").Replace(target.Expr)
			rules += fmt.Sprintf("  - record: panel_%d_%d\n    expr: %q\n", p.ID, i, expr)
		}
	}
	file := filepath.Join(t.TempDir(), "dashboard.yml")
	if err := os.WriteFile(file, []byte(rules), 0o600); err != nil {
		t.Fatal(err)
	}
	runPromtool(t, "", "check", "rules", file)
}

// TestCompose: what docker-compose.yml mounts is there, every YAML file can be
// read, and the image of Prometheus finds the rules that its settings name.
func TestCompose(t *testing.T) {
	t.Parallel()
	var compose struct {
		Services map[string]struct {
			Image   string
			Build   struct{ Dockerfile string }
			Volumes []string
		}
		Volumes map[string]any
	}
	readYAML(t, "../../docker-compose.yml", &compose)
	mounted := map[string]string{}
	for name, service := range compose.Services {
		if service.Image == "" && service.Build.Dockerfile == "" {
			t.Errorf("%s has no image", name)
		}
		for _, volume := range service.Volumes {
			from, to, _ := strings.Cut(volume, ":")
			to = strings.TrimSuffix(to, ":ro")
			if _, named := compose.Volumes[from]; named {
				continue
			}
			if _, err := os.Stat(filepath.Join("../..", from)); err != nil {
				t.Errorf("%s mounts %s: %v", name, from, err)
			}
			mounted[to] = from
		}
	}
	for to, from := range map[string]string{
		"/etc/prometheus/prometheus.yml": "./deploy/prometheus/prometheus.yml", "/etc/prometheus/rules.yml": "./deploy/prometheus/rules.yml",
		"/etc/grafana/provisioning": "./deploy/grafana/provisioning", "/etc/grafana/dashboards/keywright.json": "./deploy/grafana/keywright.json",
	} {
		if mounted[to] != from {
			t.Errorf("%s is %q, want %s", to, mounted[to], from)
		}
	}
	var provider struct {
		Providers []struct{ Options struct{ Path string } }
	}
	readYAML(t, deployFolder+"/grafana/provisioning/dashboards/keywright.yml", &provider)
	if len(provider.Providers) != 1 || provider.Providers[0].Options.Path != "/etc/grafana/dashboards" {
		t.Errorf("Grafana looks for dashboards at %v", provider.Providers)
	}
	files := 0
	err := fs.WalkDir(os.DirFS(deployFolder), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(path) == ".yml" {
			files++
			var content map[string]any
			readYAML(t, filepath.Join(deployFolder, path), &content)
		}
		return err
	})
	if err != nil || files < 5 {
		t.Errorf("read %d files, %v", files, err)
	}
}
