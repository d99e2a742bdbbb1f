package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// row is one measurement of a server beside the bare handler.
type row struct {
	name, database       string
	servers              int
	population, accessed int
	bare, own            measurement
	statements           float64 // for each request
}

func (r row) ratio() float64 { return r.own.perSecond / r.bare.perSecond }

func (r row) benchmark() string {
	name := strings.NewReplacer(" ", "-", ",", "").Replace(r.name)
	return fmt.Sprintf("%s/%d-of-%d-clients/%d-servers", name, r.accessed, r.population, r.servers)
}

// table is what docs/performance.md shows.
type table []row

const (
	tableBegin = "<!-- the table of make bench begins -->\n"
	tableEnd   = "<!-- the table of make bench ends -->\n"
)

// write puts the table into a file, in place of the one that is there.
func (t table) write(b *testing.B, path string) {
	b.Helper()
	if path == "" || len(t) == 0 {
		return
	}
	content, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(content), tableBegin)
	_, after, closed := strings.Cut(rest, tableEnd)
	if !ok || !closed {
		b.Fatalf("%s has no place for the table", path)
	}
	if err := os.WriteFile(path, []byte(before+tableBegin+t.text()+tableEnd+after), 0o644); err != nil {
		b.Fatal(err)
	}
}

func (t table) text() string {
	var text strings.Builder
	fmt.Fprintf(&text, "\n%s. %s\n", machine(), t.noise())
	for _, database := range []string{"postgres", "sqlite"} {
		rows := slices.DeleteFunc(slices.Clone(t), func(r row) bool { return r.database != database })
		if len(rows) == 0 {
			continue
		}
		title := map[string]string{"postgres": "Postgres", "sqlite": "SQLite"}[database]
		fmt.Fprintf(&text, "\n### %s\n\n", title)
		fmt.Fprint(&text, "| request | clients accessed / in the database | servers | requests/s | of the bare handler | p50 | p99 | allocations | bytes | statements |\n")
		fmt.Fprint(&text, "|---|---|---|---|---|---|---|---|---|---|\n")
		for _, r := range rows {
			fmt.Fprintf(&text, "| %s | %s / %s | %d | %s | %.2f | %s | %s | %.0f | %.0f | %.2f |\n",
				r.name, thousands(r.accessed), thousands(r.population), r.servers, thousands(int(r.own.perSecond)), r.ratio(),
				r.own.p50.Round(10*time.Microsecond), r.own.p99.Round(10*time.Microsecond), r.own.allocs, r.own.allocBytes, r.statements)
		}
	}
	text.WriteString("\n")
	return text.String()
}

// noise says how much the bare handler, which is always the same but for the
// size of its answer, differed from row to row.
func (t table) noise() string {
	least, most := t[0].bare.perSecond, t[0].bare.perSecond
	for _, r := range t {
		least, most = min(least, r.bare.perSecond), max(most, r.bare.perSecond)
	}
	return fmt.Sprintf("The bare handler answered %s to %s requests/s: differences smaller than that are noise.",
		thousands(int(least)), thousands(int(most)))
}

func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}

// machine describes where the table was measured.
func machine() string {
	model := "a processor of kind " + runtime.GOARCH
	if f, err := os.Open("/proc/cpuinfo"); err == nil {
		defer f.Close()
		for lines := bufio.NewScanner(f); lines.Scan(); {
			if name, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(name) == "model name" {
				model = strings.TrimSpace(value)
				break
			}
		}
	}
	postgres := "Postgres"
	if version, err := exec.Command("psql", "--version").Output(); err == nil {
		fields := strings.Fields(string(version))
		postgres = "Postgres " + fields[len(fields)-1]
		if len(fields) > 2 {
			postgres = "Postgres " + fields[2]
		}
	}
	return fmt.Sprintf("Measured on %s with %d cores, %s/%s, %s, %s, %d connections",
		model, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version(), postgres, benchConnections)
}
