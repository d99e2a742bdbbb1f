package historytest

import (
	"fmt"
	"maps"
	"slices"

	"github.com/anishathalye/porcupine"
)

// state is what the checker knows of a credential at one moment. It is never
// changed in place.
type state struct {
	views    []view         // what a request may be answered from, oldest first
	prompt   bool           // a change was called or has committed just now
	open     []int          // changes that have committed and not ended
	requests []request      // under way, in the order of their begin
	tokens   map[int]issued // access tokens that were issued, by number
}

// request is a use under way, and what of its answer was explained so far.
type request struct {
	use        use
	credential bool // by the state of the credential
	denylist   bool // by that of the denylist
	// births are those of the access token with which the credential explains
	// the answer: of the one that was issued, or of the one that was shown.
	births births
}

// births is a set: the cut-offs in force where an access token may have been
// issued, a bit each. What is learned about one token says nothing about
// another, so that a set for each of them is all there is to know.
type births uint64

const anyBirth = ^births(0)

// since are the births with so many cut-offs or more.
func since(cutOffs int) births { return anyBirth << cutOffs }

// issued is what an access token carries.
type issued struct {
	secret int
	births births
	scopes scopes
}

func (s state) equal(other state) bool {
	return s.prompt == other.prompt && slices.Equal(s.views, other.views) && slices.Equal(s.open, other.open) &&
		slices.Equal(s.requests, other.requests) && maps.Equal(s.tokens, other.tokens)
}

// The operations of the checker. A commit takes place at some moment between
// the call and the return of its change, the others at once: the call and the
// end of a change, the begin of a use and its answer.
type (
	call   struct{ change int }
	commit struct {
		change
		known bool // it was answered: an end follows
	}
	end      struct{ change int }
	begin    struct{ use }
	answered struct{ use }
)

// model is the promise; see the package comment.
var model = func() porcupine.Model {
	return porcupine.Model{
		Init: func() any { return state{views: []view{{scopes: scopeRead | scopeWrite, secrets: 1}}} },
		Step: func(s, operation, _ any) (bool, any) {
			after, ok := s.(state).step(operation)
			return ok, after
		},
		Equal:             func(a, b any) bool { return a.(state).equal(b.(state)) },
		DescribeOperation: func(operation, _ any) string { return operation.(fmt.Stringer).String() },
		DescribeState:     func(s any) string { return s.(state).String() },
	}
}()

// step returns the state after an operation; false: it cannot be next.
//
// A change may as well commit at its call, or right after the commit that comes
// before it: until its end what was before remains to be seen, so that later
// would explain no more. To look there alone is what keeps the search short.
func (s state) step(operation any) (after state, ok bool) {
	prompt := s.prompt
	s.prompt = false
	switch o := operation.(type) {
	case call:
		s.prompt = true
		return s, true
	case commit:
		s.prompt = true
		s.views = append(slices.Clip(s.views), o.apply(s.views[len(s.views)-1]))
		if o.known {
			s.open = append(slices.Clip(s.open), o.number)
		}
		return s.look(), prompt
	case end:
		return s.end(o.change)
	case begin:
		s.requests = append(slices.Clip(s.requests), request{use: o.use})
		return s.look(), true
	case answered:
		return s.answered(o.use)
	}
	return s, false
}

// end forgets what is older than the change; a later one may have done so.
func (s state) end(number int) (after state, ok bool) {
	i := slices.Index(s.open, number)
	if i < 0 {
		return s, false // not before it has committed
	}
	s.open = slices.Delete(slices.Clone(s.open), i, i+1)
	if from := slices.IndexFunc(s.views, func(v view) bool { return v.change == number }); from > 0 {
		s.views = s.views[from:]
	}
	return s, true
}

// look lets every request under way see all that may be seen.
func (s state) look() state {
	s.requests = slices.Clone(s.requests)
	for i := range s.requests {
		r := &s.requests[i]
		for _, v := range s.views {
			born := s.explains(v, r.use)
			r.credential = r.credential || born != 0
			r.births |= born
			r.denylist = r.denylist || v.denies(r.use.token) != r.use.reply.yes
		}
	}
	return s
}

// explains tells with which births a request that saw the credential as v is
// answered so, the denylist apart; with any, where no token was shown and none
// issued.
func (s state) explains(v view, u use) births {
	good := !v.gone && !v.disabled && (!u.far || !v.narrow)
	if u.token < 0 { // by the secret, or the value of the API token, itself
		good = good && v.hasSecret(u.secret)
		if good != u.reply.yes || good && u.kind != authenticate && u.reply.scopes != v.scopes {
			return 0
		}
		return 1 << v.cutOffs
	}
	t := s.tokens[u.token]
	good = good && v.hasSecret(t.secret)
	switch {
	case !u.reply.yes && good:
		return t.births &^ since(v.cutOffs)
	case !u.reply.yes:
		return t.births
	case good && u.reply.scopes == v.scopes&t.scopes:
		return t.births & since(v.cutOffs)
	}
	return 0
}

// answered ends a request whose answer was explained: a yes by the credential
// and the denylist, a no by one of them.
func (s state) answered(u use) (after state, ok bool) {
	i := slices.IndexFunc(s.requests, func(r request) bool { return r.use == u })
	if i < 0 {
		return s, false
	}
	r := s.requests[i]
	s.requests = slices.Delete(slices.Clone(s.requests), i, i+1)
	if u.token >= 0 {
		r.births &= s.tokens[u.token].births // others may have learned more since
		r.credential = r.births != 0
	}
	switch {
	case u.reply.yes && (!r.credential || !r.denylist), !r.credential && !r.denylist:
		return s, false
	case u.reply.token >= 0:
		return s.with(u.reply.token, issued{u.secret, r.births, u.reply.scopes}), true
	case u.token >= 0 && (u.reply.yes || !r.denylist):
		t := s.tokens[u.token]
		t.births = r.births
		return s.with(u.token, t), true
	}
	return s, true
}

// with is the state in which that is known of an access token.
func (s state) with(number int, t issued) state {
	if s.tokens[number] == t {
		return s
	}
	s.tokens = maps.Clone(s.tokens)
	if s.tokens == nil {
		s.tokens = map[int]issued{}
	}
	s.tokens[number] = t
	return s
}
