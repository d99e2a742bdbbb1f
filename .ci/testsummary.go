// Command testsummary reads the output of go test -json. It shows what failed,
// package by package, then what was skipped and why, and ends with one line of
// counts. It exits 1 if anything failed.
//
// A test with subtests counts only when it fails or is skipped by itself.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
)

type event struct {
	Action      string
	Package     string
	ImportPath  string // of a build that failed
	Test        string
	Elapsed     float64
	Output      string
	FailedBuild string
}

type run struct {
	output  map[string][]string // by package and test
	results map[string]string   // action, by package and test
	broken  []string            // packages that failed without a failed test
}

func main() {
	r := run{output: map[string][]string{}, results: map[string]string{}}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			fmt.Println(lines.Text())
			continue
		}
		r.take(e)
	}
	if err := lines.Err(); err != nil {
		fmt.Fprintln(os.Stderr, "read the output of go test:", err)
		os.Exit(1)
	}
	if !r.summarize() {
		os.Exit(1)
	}
}

func key(pkg, test string) string { return pkg + " " + test }

func (r *run) take(e event) {
	k := key(e.Package, e.Test)
	switch {
	case e.Action == "build-output":
		fmt.Print(e.Output)
	case e.Action == "output":
		r.output[k] = append(r.output[k], e.Output)
	case e.Test != "" && slices.Contains([]string{"pass", "fail", "skip"}, e.Action):
		r.results[k] = e.Action
		if e.Action == "fail" {
			fmt.Print(strings.Join(r.output[k], ""))
		}
		if e.Action != "skip" {
			delete(r.output, k)
		}
	case e.Action == "fail":
		r.failPackage(e)
	case e.Action == "pass":
		fmt.Printf("ok    %s  %.1fs\n", e.Package, e.Elapsed)
	}
}

// failPackage shows a failed package; one without a failed test did not build,
// panicked, or ran out of time.
func (r *run) failPackage(e event) {
	failedTest := false
	for k, action := range r.results {
		failedTest = failedTest || (action == "fail" && strings.HasPrefix(k, e.Package+" "))
	}
	if !failedTest {
		r.broken = append(r.broken, e.Package)
		for k, lines := range r.output {
			if _, done := r.results[k]; !done && strings.HasPrefix(k, e.Package+" ") {
				fmt.Print(strings.Join(lines, ""))
			}
		}
	}
	fmt.Printf("FAIL  %s  %.1fs\n", e.Package, e.Elapsed)
}

// summarize prints the end of the report and tells whether all is well.
func (r *run) summarize() bool {
	counts := map[string]int{"fail": len(r.broken)}
	var failed, skipped []string
	for k, action := range r.results {
		if !r.counts(k, action) {
			continue
		}
		counts[action]++
		switch action {
		case "fail":
			failed = append(failed, k)
		case "skip":
			skipped = append(skipped, k+": "+reason(r.output[k]))
		}
	}
	list("failed", append(failed, r.broken...))
	list("skipped", skipped)
	if left := os.Getenv("LEFT_OUT"); left != "" {
		list("left out", strings.Split(left, "; "))
	}
	if len(r.results) == 0 {
		fmt.Println("no test ran")
	}
	fmt.Printf("%d passed, %d failed, %d skipped\n", counts["pass"], counts["fail"], counts["skip"])
	return counts["fail"] == 0 && len(r.results) > 0
}

// counts tells whether a result counts: that of a leaf, or one that differs
// from those of all its subtests.
func (r *run) counts(k, action string) bool {
	for other, theirs := range r.results {
		if strings.HasPrefix(other, k+"/") && (action == "pass" || theirs == action) {
			return false
		}
	}
	return true
}

// reason is the text a test was skipped with.
func reason(output []string) string {
	for _, line := range output {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "===") && !strings.HasPrefix(line, "---") {
			return line
		}
	}
	return "no reason given"
}

func list(title string, entries []string) {
	if len(entries) == 0 {
		return
	}
	slices.Sort(entries)
	fmt.Printf("\n%s:\n", title)
	for _, e := range entries {
		fmt.Printf("  %s\n", e)
	}
	fmt.Println()
}
