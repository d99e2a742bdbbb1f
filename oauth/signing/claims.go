package signing

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"keywright/registry"
)

// claims is the payload of both formats (RFC 9068 §2.2). rev, secret_id and
// key_id are ours: the feed position the client was read at, and the secret or
// key it used.
type claims struct {
	Issuer         string            `json:"iss"`
	Subject        string            `json:"sub"`
	Audience       Audience          `json:"aud"`
	ExpiresAt      int64             `json:"exp"`
	IssuedAt       int64             `json:"iat"`
	JTI            string            `json:"jti"`
	ClientID       string            `json:"client_id"`
	Scope          string            `json:"scope"`
	Roles          []string          `json:"roles"`
	Permissions    []string          `json:"permissions"`
	OrganizationID string            `json:"organization_id"`
	ProjectID      string            `json:"project_id,omitempty"`
	ApplicationID  string            `json:"application_id,omitempty"`
	SecretID       string            `json:"secret_id,omitempty"`
	KeyID          string            `json:"key_id,omitempty"`
	Rev            registry.Position `json:"rev"`
}

// Audience is written as a string where there is one and as an array where
// there are several (RFC 7519 §4.1.3). Verifiers that compare aud with one
// string exist; those that expect an array all take the string too.
type Audience []string

// MarshalJSON implements json.Marshaler.
func (a Audience) MarshalJSON() ([]byte, error) {
	if len(a) == 1 {
		return json.Marshal(a[0])
	}
	return json.Marshal([]string(a))
}

// UnmarshalJSON implements json.Unmarshaler.
func (a *Audience) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		*a = Audience{""}
		return json.Unmarshal(data, &(*a)[0])
	}
	return json.Unmarshal(data, (*[]string)(a))
}

func encodeClaims(t registry.AccessToken) ([]byte, error) {
	payload, err := json.Marshal(claims{
		Issuer: t.Issuer, Subject: t.ClientID, Audience: t.Audience,
		ExpiresAt: t.ExpiresAt.Unix(), IssuedAt: t.IssuedAt.Unix(),
		JTI: t.JTI, ClientID: t.ClientID, Scope: strings.Join(t.Scopes, " "),
		Roles: orEmpty(t.Roles), Permissions: orEmpty(t.Permissions),
		OrganizationID: t.OrganizationID, ProjectID: t.ProjectID, ApplicationID: t.ApplicationID,
		SecretID: t.SecretID, KeyID: t.KeyID, Rev: t.Rev,
	})
	if err != nil {
		return nil, fmt.Errorf("encode the claims: %w", err)
	}
	return payload, nil
}

// orEmpty makes an absent list [] instead of null.
func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// decodeClaims reads a payload whose signature or seal was verified, and checks
// what every token of that issuer has.
func decodeClaims(payload []byte, issuer string) (registry.AccessToken, registry.Cause) {
	var c claims
	if err := json.Unmarshal(payload, &c); err != nil {
		return registry.AccessToken{}, registry.CauseMalformedToken
	}
	complete := c.Issuer == issuer && c.Subject == c.ClientID &&
		registry.IsID(c.ClientID, registry.PrefixClient) &&
		registry.IsID(c.OrganizationID, registry.PrefixOrganization) &&
		len(c.Audience) > 0 && !slices.Contains(c.Audience, "") &&
		c.JTI != "" && c.IssuedAt > 0 && c.ExpiresAt > c.IssuedAt && c.Rev >= 0
	if !complete {
		return registry.AccessToken{}, registry.CauseMalformedToken
	}
	return registry.AccessToken{
		JTI: c.JTI, Issuer: c.Issuer, ClientID: c.ClientID, SecretID: c.SecretID, KeyID: c.KeyID,
		OrganizationID: c.OrganizationID, ProjectID: c.ProjectID, ApplicationID: c.ApplicationID,
		Audience: c.Audience, Scopes: strings.Fields(c.Scope), Roles: c.Roles, Permissions: c.Permissions,
		IssuedAt: time.Unix(c.IssuedAt, 0).UTC(), ExpiresAt: time.Unix(c.ExpiresAt, 0).UTC(), Rev: c.Rev,
	}, registry.CauseNone
}
