package consoletest

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
)

// documents are the pages that came by, for validate.
var documents = pages{seen: map[string]bool{}}

type pages struct {
	mu    sync.Mutex
	seen  map[string]bool
	where []string
	html  []string
}

// variable is what differs between the same page of two organizations.
var variable = regexp.MustCompile(`[a-z]{2,4}_[0-9A-Za-z_-]{20,}|[0-9]+`)

// add keeps a page, unless one like it is there.
func (d *pages) add(where, html string) {
	alike := variable.ReplaceAllString(html, "0")
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.seen[alike] {
		return
	}
	d.seen[alike] = true
	d.where, d.html = append(d.where, where), append(d.html, html)
}

// rules are all that html-validate recommends: the HTML standard, and what
// its authors hold to be good.
var rules = map[string]any{
	"root":    true,
	"extends": []string{"html-validate:recommended", "html-validate:document"},
	"rules": map[string]any{
		"doctype-style": []any{"error", map[string]any{"style": "lowercase"}},
		// Scripts and styles are ours, from the same server as the page.
		"require-sri": []any{"error", map[string]any{"target": "crossorigin"}},
		// A list of values is sent as one name several times.
		"form-dup-name": "off",
		// What people choose may be long, and end in a space.
		"long-title": "off", "no-trailing-whitespace": "off",
		// A box that scrolls is a region for the sake of the keyboard, and no section of the text.
		"prefer-native-element": []any{"error", map[string]any{"exclude": []string{"region"}}},
	},
}

// validate returns what html-validate finds wrong with the pages: of what is
// wrong alike on many, the first. It looks at them together at the end of a
// run, because starting it takes as long as a hundred of them.
func (d *pages) validate(folder string) ([]string, error) {
	tools := os.Getenv("KEYWRIGHT_NODE_PEERS")
	switch {
	case len(d.html) == 0 || tools == "" && os.Getenv("REQUIRE_PEERS") != "1":
		return nil, nil
	case tools == "":
		return nil, errors.New("KEYWRIGHT_NODE_PEERS is not set: there is no html-validate")
	}
	raw, err := json.Marshal(rules)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{"rules.json": raw}
	for i, html := range d.html {
		files[fmt.Sprintf("%d.html", i)] = []byte(html)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o600); err != nil {
			return nil, err
		}
	}
	result, err := os.Create(filepath.Join(folder, "result.json")) // a pipe loses the end of what it writes
	if err != nil {
		return nil, err
	}
	defer result.Close()
	cmd := exec.Command("node", filepath.Join(tools, "node_modules/html-validate/bin/html-validate.mjs"),
		"--config", "rules.json", "--formatter", "json", "*.html")
	cmd.Dir, cmd.Stdout = folder, result
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil { // it ends with 1 if it finds something
		return nil, err
	}
	return d.findings(result.Name())
}

// findings reads what html-validate wrote.
func (d *pages) findings(file string) ([]string, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var found []struct {
		FilePath string
		Messages []struct {
			RuleID, Message, Selector string
			Line                      int
		}
	}
	if err := json.Unmarshal(raw, &found); err != nil {
		return nil, fmt.Errorf("html-validate: %w", err)
	}
	var mistakes []string
	known := map[string]bool{}
	for _, page := range found {
		var number int
		if _, err := fmt.Sscanf(filepath.Base(page.FilePath), "%d.html", &number); err != nil {
			return nil, err
		}
		for _, m := range page.Messages {
			if kind := m.RuleID + m.Message + m.Selector; !known[kind] {
				known[kind] = true
				mistakes = append(mistakes, fmt.Sprintf("%s, line %d: %s (%s) %s", d.where[number], m.Line, m.Message, m.RuleID, m.Selector))
			}
		}
	}
	return mistakes, nil
}
