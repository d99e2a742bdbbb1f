package registry

import "slices"

// rights are what follows from the state of a client about what it may do,
// whatever the request. They are drawn once, when the state is made, because
// an organization with many APIs has very many pairs of scopes to compare, and
// a state answers many requests.
type rights struct {
	scopes      []string   // effective, sorted
	declaredBy  [][]string // per effective scope: the APIs of the organization that declare it
	strict      []string   // APIs that take only scopes they declare
	permissions []string   // effective, sorted
	roles       []string   // names, sorted
	reachable   []API      // that the client may name as a target
	home        home       // of the effective scopes
}

// NewClientState returns that state, ready to be asked and shared: nobody may
// change it, or anything it was made of, from then on.
func NewClientState(s ClientState) *ClientState {
	r := &rights{
		scopes:      effectiveScopes(&s),
		permissions: slices.Clone(s.Client.Permissions),
	}
	for _, role := range s.Roles {
		r.permissions = append(r.permissions, role.Permissions...)
		r.roles = append(r.roles, role.Name)
	}
	r.permissions, r.roles = sortedSet(r.permissions), sortedSet(r.roles)
	r.declaredBy = make([][]string, len(r.scopes))
	for _, a := range s.APIs {
		for j, scope := range r.scopes {
			if slices.Contains(a.Scopes, scope) {
				r.declaredBy[j] = append(r.declaredBy[j], a.Identifier)
			}
		}
		if a.StrictScopes {
			r.strict = append(r.strict, a.Identifier)
		}
		if s.mayReach(a, r.scopes) {
			r.reachable = append(r.reachable, a)
		}
	}
	r.home = homeOf(r.scopes, r.reachable)
	s.rights = r
	return &s
}

func effectiveScopes(s *ClientState) []string {
	var all []string
	for _, r := range s.Roles {
		all = append(all, r.Scopes...)
	}
	if len(s.Client.Scopes) > 0 {
		all = append(all, s.Client.Scopes...)
	} else {
		for _, e := range s.Endpoints {
			if e.Scope != "" {
				all = append(all, e.Scope)
			}
		}
	}
	return sortedSet(all)
}

// mayReach tells whether the client may name the API as a target: those it
// lists or, where it lists none, those of its connected endpoints and those
// that declare one of its effective scopes.
func (s *ClientState) mayReach(a API, effective []string) bool {
	if len(s.Client.Audiences) > 0 {
		return slices.Contains(s.Client.Audiences, a.Identifier)
	}
	return declaresAny(a, effective) ||
		slices.ContainsFunc(s.Endpoints, func(e Endpoint) bool { return e.APIID == a.ID })
}

func declaresAny(a API, scopes []string) bool {
	return slices.ContainsFunc(scopes, func(s string) bool { return slices.Contains(a.Scopes, s) })
}

// reaches tells whether the API of that identifier is reachable.
func (r *rights) reaches(identifier string) bool {
	return slices.ContainsFunc(r.reachable, func(a API) bool { return a.Identifier == identifier })
}

// fits tells whether the effective scope at i fits the audience: it does where
// an API of the audience declares it and, unless one of them is strict, where
// no API does. The admin API's own scopes fit the admin audience alone.
func (r *rights) fits(i int, audience []string) bool {
	among := func(apis []string) bool {
		return slices.ContainsFunc(audience, func(a string) bool { return slices.Contains(apis, a) })
	}
	own, admin := IsAdminScope(r.scopes[i]), slices.Contains(audience, AdminAudience)
	switch {
	case own || admin:
		return own && admin
	case len(r.declaredBy[i]) > 0:
		return among(r.declaredBy[i])
	}
	return !among(r.strict)
}

// home is where scopes belong.
type home struct {
	declared bool     // one of the APIs declares one of them
	apis     []string // that declare all that any of them declares
}

func homeOf(scopes []string, apis []API) home {
	declared := slices.DeleteFunc(slices.Clone(scopes), func(scope string) bool {
		return !slices.ContainsFunc(apis, func(a API) bool { return slices.Contains(a.Scopes, scope) })
	})
	h := home{declared: len(declared) > 0}
	if !h.declared {
		return h
	}
	for _, a := range apis {
		if containsAll(a.Scopes, declared) {
			h.apis = append(h.apis, a.Identifier)
		}
	}
	return h
}
