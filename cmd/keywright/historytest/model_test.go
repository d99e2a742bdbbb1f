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
	credential bool   // by the state of the credential
	denylist   bool   // by that of the denylist
	born       uint64 // the cut-offs with which it may have issued a token, a bit each
}

// issued is what an access token carries.
type issued struct {
	secret  int
	cutOffs int
	scopes  scopes
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
	m := porcupine.NondeterministicModel{
		Init: func() []any {
			return []any{state{views: []view{{scopes: scopeRead | scopeWrite, secrets: 1}}}}
		},
		Step:              func(s, operation, _ any) []any { return s.(state).step(operation) },
		Equal:             func(a, b any) bool { return a.(state).equal(b.(state)) },
		DescribeOperation: func(operation, _ any) string { return operation.(fmt.Stringer).String() },
		DescribeState:     func(s any) string { return s.(state).String() },
	}
	return m.ToModel()
}()

// step returns the states after an operation: none, if it cannot be next.
//
// A change may as well commit at its call, or right after the commit that comes
// before it: until its end what was before remains to be seen, so that later
// would explain no more. To look there alone is what keeps the search short.
func (s state) step(operation any) []any {
	prompt := s.prompt
	s.prompt = false
	switch o := operation.(type) {
	case call:
		s.prompt = true
		return []any{s}
	case commit:
		if !prompt {
			return nil
		}
		s.prompt = true
		s.views = append(slices.Clip(s.views), o.apply(s.views[len(s.views)-1]))
		if o.known {
			s.open = append(slices.Clip(s.open), o.number)
		}
		return []any{s.look()}
	case end:
		return s.end(o.change)
	case begin:
		s.requests = append(slices.Clip(s.requests), request{use: o.use})
		return []any{s.look()}
	case answered:
		return s.answered(o.use)
	}
	return nil
}

// end forgets what is older than the change; a later one may have done so.
func (s state) end(number int) []any {
	i := slices.Index(s.open, number)
	if i < 0 {
		return nil // not before it has committed
	}
	s.open = slices.Delete(slices.Clone(s.open), i, i+1)
	if from := slices.IndexFunc(s.views, func(v view) bool { return v.change == number }); from > 0 {
		s.views = s.views[from:]
	}
	return []any{s}
}

// look lets every request under way see all that may be seen.
func (s state) look() state {
	s.requests = slices.Clone(s.requests)
	for i := range s.requests {
		r := &s.requests[i]
		for _, v := range s.views {
			if s.explains(v, r.use) {
				r.credential = true
				r.born |= 1 << v.cutOffs
			}
			r.denylist = r.denylist || v.denies(r.use.token) != r.use.reply.yes
		}
	}
	return s
}

// explains tells whether a request that saw the credential as v is answered so,
// the denylist apart.
func (s state) explains(v view, u use) bool {
	good := !v.gone && !v.disabled && (!u.far || !v.narrow)
	may := v.scopes
	if u.token < 0 { // by the secret, or the value of the API token, itself
		good = good && v.hasSecret(u.secret)
	} else {
		t := s.tokens[u.token]
		good = good && v.hasSecret(t.secret) && t.cutOffs >= v.cutOffs
		may &= t.scopes
	}
	return good == u.reply.yes && (!good || u.kind == authenticate || u.reply.scopes == may)
}

// answered ends a request whose answer was explained: a yes by the credential
// and the denylist, a no by one of them.
func (s state) answered(u use) []any {
	i := slices.IndexFunc(s.requests, func(r request) bool { return r.use == u })
	if i < 0 {
		return nil
	}
	r := s.requests[i]
	if explained := r.credential && r.denylist || !u.reply.yes && (r.credential || r.denylist); !explained {
		return nil
	}
	s.requests = slices.Delete(slices.Clone(s.requests), i, i+1)
	if u.reply.token < 0 {
		return []any{s}
	}
	var after []any
	for cutOffs := range numbers {
		if r.born&(1<<cutOffs) == 0 {
			continue
		}
		next := s
		next.tokens = maps.Clone(s.tokens)
		if next.tokens == nil {
			next.tokens = map[int]issued{}
		}
		next.tokens[u.reply.token] = issued{u.secret, cutOffs, u.reply.scopes}
		after = append(after, next)
	}
	return after
}
