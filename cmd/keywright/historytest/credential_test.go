package historytest

import (
	"fmt"
	"math/rand/v2"
	"sync"
)

// credential is a client or an API token that is used and changed, and what
// its users know of it.
type credential struct {
	number   int  // in the history
	isClient bool // else an API token
	id       string
	role     string // of a client that has its scopes by a role; empty: they are its own

	mu        sync.Mutex
	secrets   []string // by number, in the order of the changes; empty: not known
	secretIDs []string // of a client's secrets, by number
	tokens    []string // access tokens, by number; empty: not known yet
	changes   int      // how many were begun
	underWay  int      // of those
	doubtful  bool     // one was not answered
}

// newCredential makes one at a replica, or returns nil if that may have failed.
func newCredential(c *caller, at *replica, isClient bool, rng *rand.Rand) *credential {
	settings := map[string]any{
		"name": "History", "scopes": (scopeRead | scopeWrite).names(), "ipWhitelist": []string{nearAddress, farNetwork},
	}
	path, role := "/v1/tokens", ""
	if isClient {
		path = "/v1/clients"
		settings["tokenFormat"] = []string{"jwt", "opaque"}[rng.IntN(2)]
		if rng.IntN(3) == 0 {
			name := fmt.Sprintf("history-%x", rng.Uint64())
			a, m := c.change(at, "POST", "/v1/roles", map[string]any{"name": name, "scopes": settings["scopes"]})
			if a.status != 201 {
				return nil
			}
			role, settings["roles"] = m.ID, []string{name}
			delete(settings, "scopes")
		}
	} else {
		settings["permissions"] = []string{"read"}
	}
	a, m := c.change(at, "POST", path, settings)
	if a.status != 201 {
		return nil
	}
	if isClient {
		return &credential{isClient: true, id: m.ClientID, role: role, secrets: []string{m.ClientSecret}, secretIDs: []string{m.secretID()}}
	}
	return &credential{id: m.ID, secrets: []string{m.Token}, secretIDs: []string{""}}
}

func (c *credential) path() string {
	if c.isClient {
		return "/v1/clients/" + c.id
	}
	return "/v1/tokens/" + c.id
}

// next numbers a change and chooses what it is about; false: it cannot be made
// now.
func (c *credential) next(kind changeKind, rng *rand.Rand) (change, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ch := change{kind: kind}
	switch kind {
	case regenerate, addSecret:
		if len(c.secrets) == numbers {
			return ch, false
		}
		ch.secret = len(c.secrets)
		c.secrets, c.secretIDs = append(c.secrets, ""), append(c.secretIDs, "")
	case deleteSecret:
		ch.secret = rng.IntN(len(c.secrets))
		if c.secretIDs[ch.secret] == "" {
			return ch, false
		}
	case revokeToken:
		if len(c.tokens) == 0 || c.underWay > 0 || c.doubtful {
			return ch, false
		}
		ch.token = lately(rng, len(c.tokens))
		ch.secret = lately(rng, len(c.secrets))
		if c.tokens[ch.token] == "" || c.secrets[ch.secret] == "" {
			return ch, false
		}
	}
	c.changes++
	c.underWay++
	ch.number = c.changes
	return ch, true
}

// done ends a change.
func (c *credential) done() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.underWay--
}

// learn takes note of a new secret.
func (c *credential) learn(n int, id, secret string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.secretIDs[n], c.secrets[n] = id, secret
}

// keep numbers an access token that was issued; below zero: it is one too many.
func (c *credential) keep(token string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.tokens) == numbers {
		return -1
	}
	c.tokens = append(c.tokens, token)
	return len(c.tokens) - 1
}

func (c *credential) doubt() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.doubtful = true
}

func (c *credential) inDoubt() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.doubtful
}

// ask chooses a question, and returns the secret or the token that it is about.
func (c *credential) ask(rng *rand.Rand) (q question, text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	q = question{kind: []questionKind{introspect, verify}[rng.IntN(2)], token: -1, far: rng.IntN(4) == 0}
	if c.isClient && (len(c.tokens) == 0 || rng.IntN(3) == 0) {
		q.kind = issue
	}
	if c.isClient && q.kind != issue {
		q.token = lately(rng, len(c.tokens))
		return q, c.tokens[q.token]
	}
	q.secret = lately(rng, len(c.secrets))
	return q, c.secrets[q.secret]
}

func (c *credential) secretOf(n int) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.secrets[n]
}

func (c *credential) tokenOf(n int) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tokens[n]
}

// lately chooses one of n, mostly of the last few.
func lately(rng *rand.Rand, n int) int {
	if rng.IntN(4) == 0 {
		return rng.IntN(n)
	}
	return n - 1 - rng.IntN(min(n, 3))
}
