package historytest

import "net/http"

// alter makes one change of a credential through the admin API of some replica.
func (w *worker) alter(c *credential, kind changeKind) {
	at, leave := w.somewhere()
	defer leave()
	ch, ok := c.next(kind, w.rng)
	if !ok {
		return
	}
	defer c.done()
	method, path, body := c.request(ch)
	p := place{worker: w.number, at: at, call: w.history.now()}
	a, m := w.caller.change(at, method, path, body)
	p.answer = w.history.now()
	switch {
	case a.unknown():
		c.doubt()
		w.history.maybeChanged(c, p, ch)
	case a.status/100 == 2:
		if secret := m.ClientSecret + m.Token; secret != "" {
			c.learn(ch.secret, m.secretID(), secret)
		}
		w.history.changed(c, p, ch)
	case a.status == http.StatusNotFound, a.status == http.StatusConflict:
		// As another change left it; this one was not made.
	default:
		w.t.Errorf("%s of credential %d at %s: %d %s", ch, c.number, at.name, a.status, a.body)
	}
}

// request is what makes the change.
func (c *credential) request(ch change) (method, path string, body any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	patch := func(name string, value any) (string, string, any) {
		return http.MethodPatch, c.path(), map[string]any{name: value}
	}
	switch ch.kind {
	case disable, enable:
		return patch("isActive", ch.kind == enable)
	case narrowScopes:
		return c.patchScopes(scopeRead)
	case widenScopes:
		return c.patchScopes(scopeRead | scopeWrite)
	case narrowAddress:
		return patch("ipWhitelist", []string{nearAddress})
	case widenAddress:
		return patch("ipWhitelist", []string{nearAddress, farNetwork})
	case addSecret:
		return http.MethodPost, c.path() + "/secrets", nil
	case deleteSecret:
		return http.MethodDelete, c.path() + "/secrets/" + c.secretIDs[ch.secret] + "?force=true", nil
	case remove:
		return http.MethodDelete, c.path(), nil
	}
	return http.MethodPost, c.path() + "/" + string(ch.kind), nil // regenerate, revoke
}

func (c *credential) patchScopes(s scopes) (method, path string, body any) {
	path = c.path()
	if c.role != "" {
		path = "/v1/roles/" + c.role
	}
	return http.MethodPatch, path, map[string]any{"scopes": s.names()}
}
