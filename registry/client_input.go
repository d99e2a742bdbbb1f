package registry

import (
	"context"
	"encoding/json"
	"net/netip"
	"slices"
	"time"
)

// ClientInput is what a client is created from. Roles are names or ids.
type ClientInput struct {
	Name, Description        string
	ProjectID, ApplicationID string
	Environment              string
	ExpiresAt                time.Time // zero: never, or the organization's longest
	Roles                    []string
	Scopes                   []string
	Permissions              []string
	Audiences                []string
	Introspects              []string
	IPWhitelist              []string
	AuthMethod               string // empty: client_secret
	JWKS                     json.RawMessage
	TokenFormat              string        // empty: jwt
	TokenTTL                 time.Duration // zero: the default
	Watch                    bool
	ConfirmRequired          bool // stays pending until confirmed
}

// ClientPatch is a partial change: nil leaves a field alone, a pointer to its
// zero value clears it. A client's place (project, application) and its
// authentication method stay what they were.
type ClientPatch struct {
	Name, Description *string
	Environment       *string
	IsActive          *bool
	ExpiresAt         *time.Time
	Roles             *[]string
	Scopes            *[]string
	Permissions       *[]string
	Audiences         *[]string
	Introspects       *[]string
	IPWhitelist       *[]string
	JWKS              *json.RawMessage
	TokenFormat       *string
	TokenTTL          *time.Duration
	Watch             *bool
}

// ClientDetails is a client as administrators see it.
type ClientDetails struct {
	Client
	Secrets   []Secret    // oldest first
	Keys      []ClientKey // oldest first
	RoleNames []string    // sorted
	Status    Status      // at the moment of the read
}

// clientContext is what the settings of a client are checked against.
type clientContext struct {
	organization Organization
	roles        []Role // all of the organization
	apis         []API  // all of the organization
	endpoints    []Endpoint
}

// readClientContext reads what a client of that application is checked against.
func readClientContext(ctx context.Context, r Reader, organizationID, applicationID string) (cc clientContext, err error) {
	if cc.organization, err = r.Organization(ctx, organizationID); err != nil {
		return cc, err
	}
	if cc.roles, err = r.Roles(ctx, organizationID); err != nil {
		return cc, err
	}
	if cc.apis, err = r.APIs(ctx, organizationID); err != nil {
		return cc, err
	}
	if applicationID == "" {
		return cc, nil
	}
	app, err := r.Application(ctx, organizationID, applicationID)
	if err != nil {
		return cc, err
	}
	for _, a := range cc.apis {
		for _, e := range a.Endpoints {
			if slices.Contains(app.EndpointIDs, e.ID) {
				cc.endpoints = append(cc.endpoints, e)
			}
		}
	}
	return cc, nil
}

// state is the client as the hot path would see it, for comparing what it may do.
func (cc clientContext) state(c Client) *ClientState {
	s := ClientState{Client: c, Organization: cc.organization, Endpoints: cc.endpoints, APIs: cc.apis}
	for _, r := range cc.roles {
		if slices.Contains(c.RoleIDs, r.ID) {
			s.Roles = append(s.Roles, r)
		}
	}
	return NewClientState(s)
}

// apply checks the fields that a patch sets, but for the keys, and writes them
// into c. Creation goes through it too, with every field set.
func (cc clientContext) apply(c *Client, p ClientPatch, now time.Time, v *invalid) {
	if p.Name != nil {
		c.Name = v.name("name", *p.Name)
	}
	if p.Description != nil {
		c.Description = v.text("description", *p.Description, 0, maxDescription)
	}
	if p.Environment != nil {
		c.Environment = v.text("environment", *p.Environment, 0, maxEnvironment)
	}
	if p.IsActive != nil {
		c.IsActive = *p.IsActive
	}
	if p.ExpiresAt != nil {
		c.ExpiresAt = v.expiry("expiresAt", *p.ExpiresAt, now, cc.organization.MaxCredentialLifetime)
	}
	cc.applyGrants(c, p, v)
	if p.IPWhitelist != nil {
		c.IPWhitelist = v.whitelist("ipWhitelist", *p.IPWhitelist)
	}
	if p.TokenFormat != nil {
		c.TokenFormat = v.oneOf("tokenFormat", *p.TokenFormat, FormatJWT, FormatOpaque)
	}
	if p.TokenTTL != nil {
		c.TokenTTL = cc.tokenTTL(*p.TokenTTL, v)
	}
	if p.Watch != nil {
		c.Watch = *p.Watch
	}
	if len(c.RoleIDs) == 0 && len(c.Scopes) == 0 && len(cc.endpoints) == 0 && len(c.Introspects) == 0 {
		v.add("scopes", "at least one is required, or a role, or an application with connected endpoints, unless the client only introspects")
	}
}

func (cc clientContext) applyGrants(c *Client, p ClientPatch, v *invalid) {
	if p.Roles != nil {
		c.RoleIDs = cc.roleIDs("roles", *p.Roles, v)
	}
	if p.Scopes != nil {
		c.Scopes = v.scopes("scopes", *p.Scopes)
	}
	if p.Permissions != nil {
		c.Permissions = v.permissions("permissions", *p.Permissions)
	}
	if p.Audiences != nil {
		c.Audiences = cc.apiNames("audiences", *p.Audiences, v)
	}
	if p.Introspects != nil {
		if slices.Equal(*p.Introspects, []string{"*"}) {
			c.Introspects = []string{"*"}
		} else {
			c.Introspects = cc.apiNames("introspects", *p.Introspects, v)
		}
	}
	switch {
	case p.Scopes != nil:
		v.admitted("scopes", *p.Scopes, cc.audiences(*c))
	case p.Audiences != nil:
		v.admitted("scopes", c.Scopes, cc.audiences(*c))
	}
}

// audiences are the APIs that a client lists.
func (cc clientContext) audiences(c Client) []API {
	var listed []API
	for _, a := range cc.apis {
		if slices.Contains(c.Audiences, a.Identifier) {
			listed = append(listed, a)
		}
	}
	return listed
}

// roleIDs finds the roles that are named by name or id.
func (cc clientContext) roleIDs(field string, named []string, v *invalid) []string {
	v.count(field, len(named))
	var ids []string
	for i, name := range named {
		found := slices.IndexFunc(cc.roles, func(r Role) bool { return r.ID == name || r.Name == name })
		if found < 0 {
			v.add(at(field, i), "names no role of the organization")
			continue
		}
		ids = append(ids, cc.roles[found].ID)
	}
	return sortedSet(ids)
}

// apiNames checks that the identifiers name APIs of the organization.
func (cc clientContext) apiNames(field string, named []string, v *invalid) []string {
	v.count(field, len(named))
	for i, name := range named {
		if !slices.ContainsFunc(cc.apis, func(a API) bool { return a.Identifier == name }) {
			v.add(at(field, i), "names no API of the organization")
		}
	}
	return sortedSet(named)
}

func (cc clientContext) tokenTTL(ttl time.Duration, v *invalid) time.Duration {
	longest := MaxTokenTTL
	if limit := cc.organization.MaxTokenTTL; limit > 0 {
		longest = min(longest, limit)
	}
	if ttl != 0 && (ttl < MinTokenTTL || ttl > longest || ttl%time.Second != 0) {
		v.add("tokenTtlSeconds", "must lie between %d and %d", int(MinTokenTTL.Seconds()), int(longest.Seconds()))
	}
	return ttl
}

// narrower tells whether the change from before to after takes away at most:
// what a creator who is no admin may do to its own.
func (cc clientContext) narrower(before, after Client) bool {
	b, a := cc.state(before), cc.state(after)
	earlier := before.ExpiresAt.IsZero() || (!after.ExpiresAt.IsZero() && !after.ExpiresAt.After(before.ExpiresAt))
	return containsAll(b.EffectiveScopes(), a.EffectiveScopes()) &&
		containsAll(b.RoleNames(), a.RoleNames()) &&
		containsAll(b.EffectivePermissions(), a.EffectivePermissions()) &&
		containsAll(identifiers(b.rights.reachable), identifiers(a.rights.reachable)) &&
		(slices.Contains(before.Introspects, "*") || containsAll(before.Introspects, after.Introspects)) &&
		narrowerList(before.IPWhitelist, after.IPWhitelist) &&
		earlier && (before.IsActive || !after.IsActive) && after.ttl() <= before.ttl()
}

func identifiers(apis []API) []string {
	names := make([]string, len(apis))
	for i, a := range apis {
		names[i] = a.Identifier
	}
	return names
}

// narrowerList tells whether every address that after allows, before allowed.
func narrowerList(before, after []netip.Prefix) bool {
	if len(before) == 0 {
		return true
	}
	return len(after) > 0 && !slices.ContainsFunc(after, func(p netip.Prefix) bool {
		return !slices.ContainsFunc(before, func(q netip.Prefix) bool { return q.Bits() <= p.Bits() && q.Contains(p.Addr()) })
	})
}
