package configs

import (
	"bufio"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
)

// Print writes the configuration as a settings file, its secrets redacted.
func Print(w io.Writer, c Config) error {
	out := bufio.NewWriter(w)
	for _, s := range settings {
		fmt.Fprintf(out, "%s: %s\n", s.key, yamlText(s.text(c)))
	}
	return out.Flush()
}

// PrintExample writes a commented settings file that holds the defaults.
func PrintExample(w io.Writer) error {
	out := bufio.NewWriter(w)
	fmt.Fprint(out, "# Settings of Keywright and their defaults.\n"+
		"# The environment (KEYWRIGHT_ and the key in upper case) overrides this file,\n"+
		"# and flags (the key with dashes) override both.\n")
	for _, s := range settings {
		fmt.Fprint(out, "\n")
		for line := range strings.Lines(s.about + "\n") {
			fmt.Fprintf(out, "# %s", line)
		}
		if s.secret {
			fmt.Fprintf(out, "# Or name a file that holds it: %s%s\n", s.key, fileSuffix)
		}
		if s.preset == "" {
			fmt.Fprintf(out, "# %s:\n", s.key)
			continue
		}
		fmt.Fprintf(out, "%s: %s\n", s.key, yamlText(s.preset))
	}
	return out.Flush()
}

// yamlText quotes what YAML would not read back as the same text.
func yamlText(text string) string {
	if text == "" || strings.ContainsAny(text[:1], "-?:,[]{}#&*!|>'\"%@`~ ") || strings.Contains(text, ": ") ||
		strings.Contains(text, " #") || strings.ContainsAny(text, "\n\t") || strings.HasSuffix(text, ":") {
		return strconv.Quote(text)
	}
	return text
}

// RedactURL returns a database URL as it may be shown: without its password,
// whether that stands before the host or in the query.
func RedactURL(text string) string {
	if text == "" || strings.HasPrefix(text, "sqlite:") {
		return text
	}
	u, err := url.Parse(text)
	if err != nil || u.Opaque != "" {
		return redacted
	}
	shown := &url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	if u.User != nil {
		shown.User = url.User(u.User.Username())
		if _, has := u.User.Password(); has {
			shown.User = url.UserPassword(u.User.Username(), "redacted")
		}
	}
	query := u.Query()
	for name := range query {
		if strings.Contains(strings.ToLower(name), "pass") {
			query.Set(name, "redacted")
		}
	}
	shown.RawQuery = query.Encode()
	return shown.String()
}
