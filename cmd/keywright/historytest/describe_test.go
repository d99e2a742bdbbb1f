package historytest

import (
	"fmt"
	"strings"
)

// Operations and states as a failure and the page for the browser show them.

func (c commit) String() string {
	if !c.known {
		return c.change.String() + " (not answered)"
	}
	return c.change.String()
}

func (c call) String() string     { return fmt.Sprintf("#%d is called", c.change) }
func (e end) String() string      { return fmt.Sprintf("#%d has returned", e.change) }
func (b begin) String() string    { return "begin: " + b.use.String() }
func (a answered) String() string { return a.use.String() }
func (u use) String() string      { return u.question.String() + " → " + u.reply.String() }

func (c change) String() string {
	text := fmt.Sprintf("#%d %s", c.number, c.kind)
	switch c.kind {
	case regenerate, addSecret, deleteSecret:
		return fmt.Sprintf("%s %d", text, c.secret)
	case revokeToken:
		return fmt.Sprintf("%s %d", text, c.token)
	}
	return text
}

func (q question) String() string {
	text := fmt.Sprintf("%s token %d", q.kind, q.token)
	if q.token < 0 {
		text = fmt.Sprintf("%s by secret %d", q.kind, q.secret)
	}
	if q.far {
		text += " from afar"
	}
	return text
}

func (r reply) String() string {
	if !r.yes {
		return "no"
	}
	text := "yes " + r.scopes.String()
	if r.token >= 0 {
		text += fmt.Sprintf(", token %d", r.token)
	}
	return text
}

func (s scopes) String() string {
	return map[scopes]string{0: "", scopeRead: "read", scopeWrite: "write", scopeRead | scopeWrite: "read and write"}[s]
}

func (v view) String() string {
	text := fmt.Sprintf("#%d %s, secrets %b, cut-offs %d, denied %b", v.change, v.scopes, v.secrets, v.cutOffs, v.denied)
	if v.narrow {
		text += ", narrow"
	}
	if v.disabled {
		text += ", disabled"
	}
	if v.gone {
		text += ", gone"
	}
	return text
}

// String is what may be seen, oldest first.
func (s state) String() string {
	views := make([]string, len(s.views))
	for i, v := range s.views {
		views[i] = v.String()
	}
	return strings.Join(views, "; or ")
}
