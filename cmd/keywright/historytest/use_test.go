package historytest

import (
	"math/rand/v2"
	"net/http"
)

// worker is one program that uses or changes credentials.
type worker struct {
	*run
	number int
	caller *caller
	rng    *rand.Rand
}

// use asks one question about a credential at a replica, and writes down what
// was answered.
func (w *worker) use(c *credential, at *replica) {
	q, text := c.ask(w.rng)
	if text == "" {
		return // made, but never answered
	}
	w.put(c, at, q, text)
}

func (w *worker) put(c *credential, at *replica, q question, text string) {
	p := place{worker: w.number, at: at, call: w.history.now()}
	a, r, token := w.answer(c, at, q, text)
	p.answer = w.history.now()
	if a.unknown() {
		return
	}
	if r.yes && token != "" {
		r.token = c.keep(token)
	}
	if !definite(q, a, r) {
		w.t.Errorf("%s of credential %d at %s: a false answer: %d %s", q, c.number, at.name, a.status, a.body)
		return
	}
	w.history.asked(c, p, q, r)
}

// answer sends the question; token is the access token that was issued.
func (w *worker) answer(c *credential, at *replica, q question, text string) (a answer, r reply, token string) {
	r.token = -1
	switch q.kind {
	case issue:
		a, token, r.scopes = w.caller.issue(at, basic{c.id, text}, q.far)
		r.yes = a.status == http.StatusOK
	case introspect:
		a, r.yes, r.scopes = w.caller.introspect(at, text, q.far)
	case verify:
		a, r.scopes = w.caller.verify(at, text, q.far)
		r.yes = a.status == http.StatusOK
	}
	return a, r, token
}

// definite tells whether an answer has the form of a yes or of a no. Too many
// wrong attempts are refused by a 429, which a right one never is.
func definite(q question, a answer, r reply) bool {
	switch {
	case r.yes, q.kind == introspect:
		return a.status == http.StatusOK
	}
	return a.status == http.StatusUnauthorized || a.status == http.StatusTooManyRequests
}

// takeBack revokes an access token at a replica (RFC 7009), which needs a
// secret of its client, unless another change of the client is under way.
func (w *worker) takeBack(c *credential, at *replica) {
	if !at.changing.TryRLock() {
		return // it is spared
	}
	defer at.changing.RUnlock()
	ch, ok := c.next(revokeToken, w.rng)
	if !ok {
		return
	}
	defer c.done()
	patient := newCaller(w.fleet, changePatience)
	defer patient.http.CloseIdleConnections()
	p := place{worker: w.number, at: at, call: w.history.now()}
	a := patient.revoke(at, basic{c.id, c.secretOf(ch.secret)}, c.tokenOf(ch.token))
	p.answer = w.history.now()
	q := question{kind: authenticate, secret: ch.secret, token: -1}
	switch {
	case a.unknown():
		c.doubt()
		w.history.maybeChanged(c, p, ch)
	case a.status == http.StatusOK:
		w.history.asked(c, p, q, reply{yes: true, token: -1})
		w.history.changed(c, p, ch)
	case a.status == http.StatusUnauthorized, a.status == http.StatusTooManyRequests:
		w.history.asked(c, p, q, reply{token: -1})
	default:
		w.t.Errorf("revoking token %d of credential %d at %s: %d %s", ch.token, c.number, at.name, a.status, a.body)
	}
}
