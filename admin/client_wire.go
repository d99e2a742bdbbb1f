package admin

import (
	"encoding/json"
	"net/netip"
	"time"

	"keywright/registry"
)

// Client is a client on the wire. Every member is always there.
type Client struct {
	ClientID        string          `json:"clientId" example:"kwc_7f3k9m2p5q8r1s4t6v0w2x4y6z"`
	Name            string          `json:"name"`
	Description     string          `json:"description"`
	OrganizationID  string          `json:"organizationId"`
	ProjectID       *string         `json:"projectId" doc:"null: organization-wide"`
	ApplicationID   *string         `json:"applicationId"`
	Environment     *string         `json:"environment" doc:"A label such as staging."`
	Status          string          `json:"status" enum:"revoked,expired,disabled,pending,active" doc:"At this moment; only active authenticates."`
	IsActive        bool            `json:"isActive"`
	ExpiresAt       *time.Time      `json:"expiresAt" doc:"null: never"`
	RevokedAt       *time.Time      `json:"revokedAt"`
	Roles           []string        `json:"roles" nullable:"false" doc:"Names of roles."`
	Scopes          []string        `json:"scopes" nullable:"false" doc:"Its own; empty: those of its application's connected endpoints."`
	Permissions     []string        `json:"permissions" nullable:"false"`
	Audiences       []string        `json:"audiences" nullable:"false" doc:"Identifiers of the APIs it may reach; empty: derived from its scopes and endpoints."`
	Introspects     []string        `json:"introspects" nullable:"false" doc:"Identifiers of the APIs it serves as a resource server; \"*\": all of the organization."`
	IPWhitelist     []string        `json:"ipWhitelist" nullable:"false" doc:"Addresses and CIDR ranges; empty: any."`
	AuthMethod      string          `json:"authMethod" enum:"client_secret,private_key_jwt"`
	JWKS            json.RawMessage `json:"jwks" doc:"Public keys (RFC 7517), for private_key_jwt; else null."`
	TokenFormat     string          `json:"tokenFormat" enum:"jwt,opaque"`
	TokenTTLSeconds int64           `json:"tokenTtlSeconds"`
	Watch           bool            `json:"watch" doc:"Its usage series come first in the metrics."`
	Secrets         []Secret        `json:"secrets" nullable:"false" doc:"Oldest first."`
	Keys            []Key           `json:"keys" nullable:"false" doc:"One for each key of jwks, oldest first."`
	RotationDue     bool            `json:"rotationDue" doc:"A live secret or key is as old as the organization's rotation age."`
	UsageCount      int64           `json:"usageCount"`
	FailureCount    int64           `json:"failureCount"`
	LastUsedAt      *time.Time      `json:"lastUsedAt"`
	LastUsedIP      *string         `json:"lastUsedIp"`
	CreatedBy       string          `json:"createdBy" doc:"Id of the member, client or API token; operator for the command line."`
	CreatedVia      string          `json:"createdVia" enum:"console,api,bootstrap"`
	CreatedAt       time.Time       `json:"createdAt"`
	UpdatedAt       time.Time       `json:"updatedAt"`
}

// clientWithSecret shows the secret this one time.
type clientWithSecret struct {
	Client
	ClientSecret string `json:"clientSecret,omitempty" doc:"Shown in this answer alone."`
}

// Secret is the record of a client secret on the wire.
type Secret struct {
	ID         string     `json:"id" example:"sec_7f3k9m2p5q8r1s4t6v0w2x4y6z"`
	Hint       string     `json:"hint" example:"kws_…9f3c"`
	Status     string     `json:"status" enum:"revoked,expired,active"`
	CreatedAt  time.Time  `json:"createdAt"`
	ExpiresAt  *time.Time `json:"expiresAt" doc:"null: never"`
	LastUsedAt *time.Time `json:"lastUsedAt"`
	UsageCount int64      `json:"usageCount"`
}

// Key is the record of a client's public key on the wire.
type Key struct {
	ID         string     `json:"id" example:"jwk_7f3k9m2p5q8r1s4t6v0w2x4y6z"`
	KeyID      string     `json:"kid" doc:"As registered, or the thumbprint."`
	Algorithm  string     `json:"algorithm" enum:"ES256,RS256,PS256,EdDSA"`
	Thumbprint string     `json:"thumbprint" doc:"RFC 7638, SHA-256."`
	CreatedAt  time.Time  `json:"createdAt"`
	LastUsedAt *time.Time `json:"lastUsedAt"`
	UsageCount int64      `json:"usageCount"`
}

// secretWithValue shows the secret this one time.
type secretWithValue struct {
	Secret
	ClientSecret string `json:"clientSecret" doc:"Shown in this answer alone."`
}

func clientOf(d registry.ClientDetails, now time.Time) Client {
	ttl := d.TokenTTL
	if ttl == 0 {
		ttl = registry.DefaultTokenTTL
	}
	return Client{
		ClientID: d.ID, Name: d.Name, Description: d.Description, OrganizationID: d.OrganizationID,
		ProjectID: orNull(d.ProjectID), ApplicationID: orNull(d.ApplicationID), Environment: orNull(d.Environment),
		Status: string(d.Status), IsActive: d.IsActive, ExpiresAt: timeOrNull(d.ExpiresAt), RevokedAt: timeOrNull(d.RevokedAt),
		Roles: listed(d.RoleNames), Scopes: listed(d.Scopes), Permissions: listed(d.Permissions),
		Audiences: listed(d.Audiences), Introspects: listed(d.Introspects), IPWhitelist: whitelistOf(d.IPWhitelist),
		AuthMethod: d.AuthMethod, JWKS: d.JWKS, TokenFormat: d.TokenFormat, TokenTTLSeconds: int64(ttl / time.Second),
		Watch: d.Watch, Secrets: secretsOf(d.Secrets, now), Keys: keysOf(d.Keys), RotationDue: d.RotationDueAt(now),
		UsageCount: d.Usage.Count, FailureCount: d.Usage.Failures,
		LastUsedAt: timeOrNull(d.Usage.LastUsedAt), LastUsedIP: addressOrNull(d.Usage.LastUsedIP),
		CreatedBy: createdBy(d.CreatedBy), CreatedVia: string(d.CreatedVia),
		CreatedAt: d.CreatedAt.UTC(), UpdatedAt: d.UpdatedAt.UTC(),
	}
}

// whitelistOf writes a single address without its length.
func whitelistOf(list []netip.Prefix) []string {
	texts := make([]string, len(list))
	for i, p := range list {
		texts[i] = p.String()
		if p.IsSingleIP() {
			texts[i] = p.Addr().String()
		}
	}
	return texts
}

func addressOrNull(a netip.Addr) *string {
	if !a.IsValid() {
		return nil
	}
	text := a.String()
	return &text
}

// createdBy is the id of the principal; the operator has none of its own.
func createdBy(p registry.Principal) string {
	if p.ID == "" {
		return p.Kind
	}
	return p.ID
}

func secretsOf(all []registry.Secret, now time.Time) []Secret {
	out := make([]Secret, len(all))
	for i, s := range all {
		out[i] = secretOf(s, now)
	}
	return out
}

func secretOf(s registry.Secret, now time.Time) Secret {
	return Secret{
		ID: s.ID, Hint: s.Hint, Status: string(s.StatusAt(now)), CreatedAt: s.CreatedAt.UTC(),
		ExpiresAt: timeOrNull(s.ExpiresAt), LastUsedAt: timeOrNull(s.Usage.LastUsedAt), UsageCount: s.Usage.Count,
	}
}

func keysOf(all []registry.ClientKey) []Key {
	out := make([]Key, len(all))
	for i, k := range all {
		out[i] = Key{
			ID: k.ID, KeyID: k.KeyID, Algorithm: k.Algorithm, Thumbprint: k.Thumbprint, CreatedAt: k.CreatedAt.UTC(),
			LastUsedAt: timeOrNull(k.Usage.LastUsedAt), UsageCount: k.Usage.Count,
		}
	}
	return out
}

// newClient is the body that creates a client. A null counts as absent.
type newClient struct {
	Name            string          `json:"name,omitempty" doc:"1 to 100 characters; required."`
	Description     string          `json:"description,omitempty" doc:"Up to 500 characters."`
	ProjectID       string          `json:"projectId,omitempty"`
	ApplicationID   string          `json:"applicationId,omitempty"`
	Environment     string          `json:"environment,omitempty"`
	ExpiresAt       time.Time       `json:"expiresAt,omitempty"`
	Roles           []string        `json:"roles,omitempty" doc:"Names or ids."`
	Scopes          []string        `json:"scopes,omitempty"`
	Permissions     []string        `json:"permissions,omitempty"`
	Audiences       []string        `json:"audiences,omitempty"`
	Introspects     []string        `json:"introspects,omitempty"`
	IPWhitelist     []string        `json:"ipWhitelist,omitempty"`
	AuthMethod      string          `json:"authMethod,omitempty" doc:"client_secret (default) or private_key_jwt."`
	JWKS            json.RawMessage `json:"jwks,omitempty" doc:"Up to 5 public keys, required for private_key_jwt: EC P-256, RSA of 2048 to 8192 bits with alg RS256 or PS256, or Ed25519."`
	TokenFormat     string          `json:"tokenFormat,omitempty" doc:"jwt (default) or opaque."`
	TokenTTLSeconds int64           `json:"tokenTtlSeconds,omitempty" doc:"60 to 86400; default 900."`
	Watch           bool            `json:"watch,omitempty"`
	ConfirmRequired bool            `json:"confirmRequired,omitempty" doc:"Stays pending until confirmed, within an hour."`
}

func (b newClient) input() registry.ClientInput {
	return registry.ClientInput{
		Name: b.Name, Description: b.Description, ProjectID: b.ProjectID, ApplicationID: b.ApplicationID,
		Environment: b.Environment, ExpiresAt: b.ExpiresAt, Roles: b.Roles, Scopes: b.Scopes,
		Permissions: b.Permissions, Audiences: b.Audiences, Introspects: b.Introspects, IPWhitelist: b.IPWhitelist,
		AuthMethod: b.AuthMethod, JWKS: b.JWKS, TokenFormat: b.TokenFormat, TokenTTL: seconds(b.TokenTTLSeconds),
		Watch: b.Watch, ConfirmRequired: b.ConfirmRequired,
	}
}

// clientPatch is the merge patch of a client.
type clientPatch struct {
	Name            field[string]          `json:"name,omitzero"`
	Description     field[string]          `json:"description,omitzero"`
	Environment     field[string]          `json:"environment,omitzero"`
	IsActive        field[bool]            `json:"isActive,omitzero"`
	ExpiresAt       field[time.Time]       `json:"expiresAt,omitzero" doc:"null: never, or the organization's longest."`
	Roles           field[[]string]        `json:"roles,omitzero"`
	Scopes          field[[]string]        `json:"scopes,omitzero"`
	Permissions     field[[]string]        `json:"permissions,omitzero"`
	Audiences       field[[]string]        `json:"audiences,omitzero"`
	Introspects     field[[]string]        `json:"introspects,omitzero"`
	IPWhitelist     field[[]string]        `json:"ipWhitelist,omitzero"`
	JWKS            field[json.RawMessage] `json:"jwks,omitzero" doc:"The keys that stay keep their record; access tokens of the others die."`
	TokenFormat     field[string]          `json:"tokenFormat,omitzero" doc:"null: jwt"`
	TokenTTLSeconds field[int64]           `json:"tokenTtlSeconds,omitzero" doc:"null: 900"`
	Watch           field[bool]            `json:"watch,omitzero"`
}

// patch is what the domain is told.
func (b clientPatch) patch() (registry.ClientPatch, error) {
	if err := mustSay("isActive", b.IsActive); err != nil {
		return registry.ClientPatch{}, err
	}
	return registry.ClientPatch{
		Name: b.Name.patch(), Description: b.Description.patch(), Environment: b.Environment.patch(),
		IsActive: b.IsActive.patch(), ExpiresAt: b.ExpiresAt.patch(), Roles: b.Roles.patch(), Scopes: b.Scopes.patch(),
		Permissions: b.Permissions.patch(), Audiences: b.Audiences.patch(), Introspects: b.Introspects.patch(),
		IPWhitelist: b.IPWhitelist.patch(), JWKS: b.JWKS.patch(), TokenFormat: b.TokenFormat.patch(),
		TokenTTL: secondsPatch(b.TokenTTLSeconds), Watch: b.Watch.patch(),
	}, nil
}
