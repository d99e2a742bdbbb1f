package historytest

import (
	"testing"

	"github.com/anishathalye/porcupine"
)

// story is a short history, told in any order.
type story struct {
	*history
	c *credential
}

func (s story) change(call, answer int64, ch change) {
	s.changed(s.c, place{at: &replica{}, call: call, answer: answer}, ch)
}

func (s story) maybe(call int64, ch change) {
	s.maybeChanged(s.c, place{at: &replica{}, call: call}, ch)
}

func (s story) ask(call, answer int64, q question, r reply) {
	s.asked(s.c, place{at: &replica{}, call: call, answer: answer}, q, r)
}

var (
	byFirst  = question{kind: issue, token: -1}
	bySecond = question{kind: issue, secret: 1, token: -1}
	afar     = question{kind: issue, token: -1, far: true}
	ofToken  = question{kind: introspect}

	no          = reply{token: -1}
	yes         = reply{yes: true, scopes: scopeRead | scopeWrite, token: -1}
	readOnly    = reply{yes: true, scopes: scopeRead, token: -1}
	newToken    = reply{yes: true, scopes: scopeRead | scopeWrite}
	newReadOnly = reply{yes: true, scopes: scopeRead}
)

// TestModel tells the checker short histories: what it must find, and what it
// must let pass.
func TestModel(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		tell func(s story)
		want bool // the promise was kept
	}{
		"the old state after the return": {func(s story) {
			s.change(10, 20, change{number: 1, kind: disable})
			s.ask(21, 22, byFirst, yes)
		}, false},
		"the old state by who asked before the return": {func(s story) {
			s.change(10, 20, change{number: 1, kind: disable})
			s.ask(19, 30, byFirst, yes)
		}, true},
		"the new state before the call": {func(s story) {
			s.change(10, 20, change{number: 1, kind: disable})
			s.ask(8, 9, byFirst, no)
		}, false},
		"new and then old during the change": {func(s story) {
			s.change(10, 20, change{number: 1, kind: disable})
			s.ask(12, 13, byFirst, no)
			s.ask(14, 15, byFirst, yes)
		}, true},
		"a state that was over long ago, during a change": {func(s story) {
			s.change(10, 20, change{number: 1, kind: disable})
			s.change(30, 40, change{number: 2, kind: narrowScopes})
			s.ask(32, 33, byFirst, yes)
		}, false},
		"neither the old nor the new scopes": {func(s story) {
			s.change(10, 20, change{number: 1, kind: narrowScopes})
			s.change(30, 40, change{number: 2, kind: widenScopes})
			s.ask(21, 22, byFirst, readOnly)
			s.ask(41, 42, byFirst, readOnly)
		}, false},
		"an address that is off the list": {func(s story) {
			s.change(10, 20, change{number: 1, kind: narrowAddress})
			s.ask(21, 22, byFirst, yes)
			s.ask(21, 22, afar, yes)
		}, false},
		"two at once, in either order": {func(s story) {
			s.change(10, 20, change{number: 1, kind: regenerate, secret: 1})
			s.change(10, 20, change{number: 2, kind: regenerate, secret: 2})
			s.ask(21, 22, bySecond, yes)
		}, true},
		"two at once, in both orders": {func(s story) {
			s.change(10, 20, change{number: 1, kind: regenerate, secret: 1})
			s.change(10, 20, change{number: 2, kind: regenerate, secret: 2})
			s.ask(21, 22, bySecond, yes)
			s.ask(21, 22, question{kind: issue, secret: 2, token: -1}, yes)
		}, false},
		"a change that was not answered, late or never": {func(s story) {
			s.maybe(10, change{number: 1, kind: disable})
			s.ask(21, 22, byFirst, yes)
			s.ask(23, 24, byFirst, no)
			s.ask(25, 26, byFirst, yes)
		}, true},
		"a change that was not answered, undone by a later one": {func(s story) {
			s.maybe(10, change{number: 1, kind: disable})
			s.change(30, 40, change{number: 2, kind: regenerate, secret: 1})
			s.ask(41, 42, byFirst, yes)
		}, false},
		"a token that outlives the disabling": {func(s story) {
			s.ask(5, 12, byFirst, newToken)
			s.change(10, 20, change{number: 1, kind: disable})
			s.change(30, 40, change{number: 2, kind: enable})
			s.ask(41, 42, ofToken, yes)
		}, false},
		"a token from before or from after": {func(s story) {
			s.ask(5, 32, byFirst, newToken)
			s.change(10, 20, change{number: 1, kind: disable})
			s.change(30, 40, change{number: 2, kind: enable})
			s.ask(41, 42, ofToken, yes)
			s.ask(43, 44, ofToken, yes)
		}, true},
		"a token from before and from after": {func(s story) {
			s.ask(5, 32, byFirst, newToken)
			s.change(10, 20, change{number: 1, kind: disable})
			s.change(30, 40, change{number: 2, kind: enable})
			s.ask(41, 42, ofToken, yes)
			s.ask(43, 44, ofToken, no)
		}, false},
		"a token from after and from before": {func(s story) {
			s.ask(5, 32, byFirst, newToken)
			s.change(10, 20, change{number: 1, kind: disable})
			s.change(30, 40, change{number: 2, kind: enable})
			s.ask(41, 42, ofToken, no)
			s.ask(43, 44, ofToken, yes)
		}, false},
		"a token from before and from after, asked about at once": {func(s story) {
			s.ask(5, 32, byFirst, newToken)
			s.change(10, 20, change{number: 1, kind: disable})
			s.change(30, 40, change{number: 2, kind: enable})
			s.ask(41, 50, ofToken, yes)
			s.ask(42, 51, ofToken, no)
		}, false},
		"forty tokens, each from before or from after": {func(s story) {
			s.change(10, 200, change{number: 1, kind: disable})
			s.change(10, 201, change{number: 2, kind: enable})
			for i := range 40 {
				token := newToken
				token.token = i
				s.ask(int64(20+i), int64(21+i), byFirst, token)
				s.ask(int64(300+i), int64(301+i), question{kind: verify, token: i}, []reply{yes, no}[i%2])
			}
		}, true},
		"a token with the scopes that it was issued with": {func(s story) {
			s.change(10, 20, change{number: 1, kind: narrowScopes})
			s.ask(21, 22, byFirst, newReadOnly)
			s.change(30, 40, change{number: 2, kind: widenScopes})
			s.ask(41, 42, ofToken, readOnly)
		}, true},
		"a token with scopes that it was not issued with": {func(s story) {
			s.change(10, 20, change{number: 1, kind: narrowScopes})
			s.ask(21, 22, byFirst, newReadOnly)
			s.change(30, 40, change{number: 2, kind: widenScopes})
			s.ask(41, 42, ofToken, yes)
		}, false},
		"a token whose secret was deleted": {func(s story) {
			s.ask(5, 6, byFirst, newToken)
			s.change(10, 20, change{number: 1, kind: addSecret, secret: 1})
			s.change(30, 40, change{number: 2, kind: deleteSecret})
			s.ask(41, 42, bySecond, yes)
			s.ask(41, 42, ofToken, yes)
		}, false},
		"a token that was revoked": {func(s story) {
			s.ask(5, 6, byFirst, newToken)
			s.change(10, 20, change{number: 1, kind: revokeToken})
			s.ask(21, 22, ofToken, yes)
		}, false},
		"a token that was revoked to one and not yet to the next": {func(s story) {
			s.ask(5, 6, byFirst, newToken)
			s.change(10, 20, change{number: 1, kind: revokeToken})
			s.ask(12, 13, ofToken, no)
			s.ask(14, 15, ofToken, yes)
		}, true},
		"the denylist read before, the client after": {func(s story) {
			s.ask(5, 6, byFirst, newToken)
			s.change(10, 30, change{number: 1, kind: revokeToken})
			s.change(11, 31, change{number: 2, kind: narrowScopes})
			s.ask(15, 16, ofToken, readOnly)
		}, true},
		"after the end": {func(s story) {
			s.change(10, 20, change{number: 1, kind: remove})
			s.ask(21, 22, byFirst, yes)
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := story{newHistory(), &credential{}}
			s.add(s.c)
			tt.tell(s)
			if got := porcupine.CheckOperations(model, s.operations[0]); got != tt.want {
				t.Errorf("the promise was kept: got %v, want %v", got, tt.want)
			}
		})
	}
}
