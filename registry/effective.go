package registry

import (
	"slices"
	"strings"
	"time"
)

// This file is the one place that computes what a credential may do.

// EffectiveScopes returns, sorted, the scopes of the client's roles and its
// own scopes or, where it lists none, those of its application's connected
// endpoints.
func (s ClientState) EffectiveScopes() []string {
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

// EffectivePermissions returns, sorted, the client's permissions and those of its roles.
func (s ClientState) EffectivePermissions() []string {
	all := slices.Clone(s.Client.Permissions)
	for _, r := range s.Roles {
		all = append(all, r.Permissions...)
	}
	return sortedSet(all)
}

// RoleNames returns the names of the client's roles, sorted.
func (s ClientState) RoleNames() []string {
	names := make([]string, len(s.Roles))
	for i, r := range s.Roles {
		names[i] = r.Name
	}
	return sortedSet(names)
}

// TokenTTL is the lifetime of an access token issued at that moment: the
// client's own or the default, cut to the organization's maximum and to the
// client's expiry.
func (s ClientState) TokenTTL(now time.Time) time.Duration {
	ttl := s.Client.ttl()
	if limit := s.Organization.MaxTokenTTL; limit > 0 {
		ttl = min(ttl, limit)
	}
	if !s.Client.ExpiresAt.IsZero() {
		ttl = min(ttl, s.Client.ExpiresAt.Sub(now))
	}
	return ttl
}

// reachable returns the APIs that the client may name as a target: those it
// lists or, where it lists none, those of its connected endpoints and those
// that declare one of its effective scopes.
func (s ClientState) reachable(effective []string) []API {
	var apis []API
	for _, a := range s.APIs {
		listed := slices.Contains(s.Client.Audiences, a.Identifier)
		derived := len(s.Client.Audiences) == 0 && (declaresAny(a, effective) ||
			slices.ContainsFunc(s.Endpoints, func(e Endpoint) bool { return e.APIID == a.ID }))
		if listed || derived {
			apis = append(apis, a)
		}
	}
	return apis
}

// Audiences returns, sorted, the APIs of its organization that an API token is
// good for: those that declare one of its scopes or, where none does, the
// issuer.
func (s APITokenState) Audiences(issuer string) []string {
	var audiences []string
	for _, a := range s.APIs {
		if declaresAny(a, s.APIToken.Scopes) {
			audiences = append(audiences, a.Identifier)
		}
	}
	if len(audiences) == 0 {
		return []string{issuer}
	}
	return sortedSet(audiences)
}

func declaresAny(a API, scopes []string) bool {
	return slices.ContainsFunc(scopes, func(s string) bool { return slices.Contains(a.Scopes, s) })
}

// GrantRequest is what a token request asks for: the values of resource and
// audience, and of scope. Both may be empty.
type GrantRequest struct {
	Resources []string
	Scopes    []string
}

// Grant is what an access token will carry.
type Grant struct {
	Audience    []string
	Scopes      []string
	Roles       []string
	Permissions []string
}

// Grant decides a token request (RFC 6749 §3.3, RFC 8707 §2). issuer is the
// audience of tokens that belong to no API. It fails with invalid_target or
// invalid_scope.
func (s ClientState) Grant(req GrantRequest, issuer string) (Grant, error) {
	effective := s.EffectiveScopes()
	audience, err := s.target(req, effective, issuer)
	if err != nil {
		return Grant{}, err
	}
	grantable := s.grantable(effective, audience)
	granted := grantable
	if slices.Contains(audience, AdminAudience) && len(req.Scopes) == 0 {
		return Grant{}, scopeError("the scopes of %s must be asked for", AdminAudience)
	}
	if len(req.Scopes) > 0 {
		granted = sortedSet(req.Scopes)
		for _, asked := range granted {
			if !slices.Contains(grantable, asked) {
				return Grant{}, scopeError("scope %q is not allowed for this client and resource", asked)
			}
		}
	}
	return Grant{audience, granted, s.RoleNames(), s.EffectivePermissions()}, nil
}

// target chooses the audience of a token request.
func (s ClientState) target(req GrantRequest, effective []string, issuer string) ([]string, error) {
	wanted := sortedSet(req.Resources)
	if slices.Contains(wanted, AdminAudience) {
		if len(wanted) > 1 {
			return nil, targetError("resource %s stands alone", AdminAudience)
		}
		return wanted, nil
	}
	apis := s.reachable(effective)
	if len(wanted) > 0 {
		for _, w := range wanted {
			if !slices.ContainsFunc(apis, func(a API) bool { return a.Identifier == w }) {
				return nil, targetError("resource names no API that this client may reach")
			}
		}
		return wanted, nil
	}

	scopes := req.Scopes
	if len(scopes) == 0 {
		scopes = effective
	}
	declared := slices.DeleteFunc(slices.Clone(scopes), func(scope string) bool {
		return !slices.ContainsFunc(apis, func(a API) bool { return slices.Contains(a.Scopes, scope) })
	})
	if len(declared) == 0 {
		return []string{issuer}, nil
	}
	var owners []string
	for _, a := range apis {
		if containsAll(a.Scopes, declared) {
			owners = append(owners, a.Identifier)
		}
	}
	if len(owners) != 1 {
		return nil, targetError("the scopes belong to several APIs: name one in resource")
	}
	return owners, nil
}

// grantable returns the effective scopes that fit the audience: those its APIs
// declare and, unless one of them is strict, those that no API declares. The
// admin API's own scopes fit the admin audience alone.
func (s ClientState) grantable(effective, audience []string) []string {
	admin := slices.Contains(audience, AdminAudience)
	strict := false
	var fit []string
	for _, a := range s.APIs {
		strict = strict || (a.StrictScopes && slices.Contains(audience, a.Identifier))
	}
	for _, scope := range effective {
		if IsAdminScope(scope) || admin {
			if IsAdminScope(scope) && admin {
				fit = append(fit, scope)
			}
			continue
		}
		declared, here := false, false
		for _, a := range s.APIs {
			if slices.Contains(a.Scopes, scope) {
				declared = true
				here = here || slices.Contains(audience, a.Identifier)
			}
		}
		if here || (!declared && !strict) {
			fit = append(fit, scope)
		}
	}
	return fit
}

// IsAdminScope tells whether the scope belongs to the admin API.
func IsAdminScope(scope string) bool { return strings.HasPrefix(scope, scopeAdmin) }

func scopeError(format string, args ...any) error {
	e := Malformed(format, args...)
	e.Code = CodeInvalidScope
	return e
}

func targetError(format string, args ...any) error {
	e := Malformed(format, args...)
	e.Code = CodeInvalidTarget
	return e
}

func containsAll(set, subset []string) bool {
	return !slices.ContainsFunc(subset, func(s string) bool { return !slices.Contains(set, s) })
}

// sortedSet returns the distinct strings of all, sorted; nil for none.
func sortedSet(all []string) []string {
	set := slices.Clone(all)
	slices.Sort(set)
	return slices.Compact(set)
}

func intersect(a, b []string) []string {
	var both []string
	for _, s := range a {
		if slices.Contains(b, s) {
			both = append(both, s)
		}
	}
	return both
}
