package registry

import (
	"slices"
	"strings"
	"time"
)

// This file is the one place that computes what a credential may do.

// EffectiveScopes returns, sorted, the scopes of the client's roles and its
// own scopes or, where it lists none, those of its application's connected
// endpoints. Nobody may change the list.
func (s *ClientState) EffectiveScopes() []string { return s.rights.scopes }

// EffectivePermissions returns, sorted, the client's permissions and those of
// its roles. Nobody may change the list.
func (s *ClientState) EffectivePermissions() []string { return s.rights.permissions }

// RoleNames returns the names of the client's roles, sorted. Nobody may change
// the list.
func (s *ClientState) RoleNames() []string { return s.rights.roles }

// TokenTTL is the lifetime of an access token issued at that moment: the
// client's own or the default, cut to the organization's maximum and to the
// client's expiry.
func (s *ClientState) TokenTTL(now time.Time) time.Duration {
	ttl := s.Client.ttl()
	if limit := s.Organization.MaxTokenTTL; limit > 0 {
		ttl = min(ttl, limit)
	}
	if !s.Client.ExpiresAt.IsZero() {
		ttl = min(ttl, s.Client.ExpiresAt.Sub(now))
	}
	return ttl
}

// Audiences returns, sorted, the APIs of its organization that an API token is
// good for: those that declare one of its scopes or, where none does, the
// issuer.
func (s *APITokenState) Audiences(issuer string) []string {
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

// GrantRequest is what a token request asks for: the values of resource and
// audience, and of scope. Both may be empty.
type GrantRequest struct {
	Resources []string
	Scopes    []string
}

// Grant is what an access token will carry. Nobody may change its lists.
type Grant struct {
	Audience    []string
	Scopes      []string
	Roles       []string
	Permissions []string
}

// Grant decides a token request (RFC 6749 §3.3, RFC 8707 §2). issuer is the
// audience of tokens that belong to no API. It fails with invalid_target or
// invalid_scope.
func (s *ClientState) Grant(req GrantRequest, issuer string) (Grant, error) {
	audience, err := s.rights.target(req, issuer)
	if err != nil {
		return Grant{}, err
	}
	grantable := s.rights.grantable(audience)
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
	return Grant{audience, granted, s.rights.roles, s.rights.permissions}, nil
}

// target chooses the audience of a token request.
func (r *rights) target(req GrantRequest, issuer string) ([]string, error) {
	if wanted := sortedSet(req.Resources); len(wanted) > 0 {
		return r.reach(wanted)
	}
	home := r.home
	if len(req.Scopes) > 0 {
		home = homeOf(req.Scopes, r.reachable)
	}
	switch {
	case !home.declared:
		return []string{issuer}, nil
	case len(home.apis) != 1:
		return nil, targetError("the scopes belong to several APIs: name one in resource")
	}
	return home.apis, nil
}

// reach checks that a token may be for the resources that a request names.
func (r *rights) reach(wanted []string) ([]string, error) {
	if slices.Contains(wanted, AdminAudience) {
		if len(wanted) > 1 {
			return nil, targetError("resource %s stands alone", AdminAudience)
		}
		return wanted, nil
	}
	for _, w := range wanted {
		if !r.reaches(w) {
			return nil, targetError("resource names no API that this client may reach")
		}
	}
	return wanted, nil
}

// grantable returns the effective scopes that fit the audience.
func (r *rights) grantable(audience []string) []string {
	var fit []string
	for i, scope := range r.scopes {
		if r.fits(i, audience) {
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

// only returns those of the list that fit. Where all do, as nearly always, that
// is the list itself.
func only(list []string, fits func(string) bool) []string {
	if !slices.ContainsFunc(list, func(s string) bool { return !fits(s) }) {
		return list
	}
	var fitting []string
	for _, s := range list {
		if fits(s) {
			fitting = append(fitting, s)
		}
	}
	return fitting
}
