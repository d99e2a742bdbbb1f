package admin

import (
	"time"

	"keywright/registry"
)

// apiToken is an API token on the wire. Every member is always there.
type apiToken struct {
	ID             string     `json:"id" example:"tok_7f3k9m2p5q8r1s4t6v0w2x4y6z"`
	Name           string     `json:"name"`
	Description    string     `json:"description"`
	Type           string     `json:"type" enum:"organization,project"`
	OrganizationID string     `json:"organizationId"`
	ProjectID      *string    `json:"projectId" doc:"Of type project; else null."`
	Status         string     `json:"status" enum:"revoked,expired,disabled,active" doc:"At this moment; only active authenticates."`
	IsActive       bool       `json:"isActive"`
	ExpiresAt      time.Time  `json:"expiresAt"`
	Permissions    []string   `json:"permissions" nullable:"false"`
	Scopes         []string   `json:"scopes" nullable:"false"`
	IPWhitelist    []string   `json:"ipWhitelist" nullable:"false" doc:"Addresses and CIDR ranges; empty: any."`
	Hint           string     `json:"hint" example:"kwt_…9f3c"`
	RotationDue    bool       `json:"rotationDue" doc:"Its value is as old as the organization's rotation age."`
	UsageCount     int64      `json:"usageCount"`
	FailureCount   int64      `json:"failureCount"`
	LastUsedAt     *time.Time `json:"lastUsedAt"`
	LastUsedIP     *string    `json:"lastUsedIp"`
	CreatedBy      string     `json:"createdBy" doc:"Id of the member, client or API token; operator for the command line."`
	CreatedAt      time.Time  `json:"createdAt"`
	UpdatedAt      time.Time  `json:"updatedAt"`
}

// apiTokenWithValue shows the value this one time.
type apiTokenWithValue struct {
	apiToken
	Token string `json:"token" doc:"Shown in this answer alone."`
}

func apiTokenOf(t registry.APIToken, now time.Time) apiToken {
	return apiToken{
		ID: t.ID, Name: t.Name, Description: t.Description, Type: t.Type, OrganizationID: t.OrganizationID,
		ProjectID: orNull(t.ProjectID), Status: string(t.StatusAt(now)), IsActive: t.IsActive, ExpiresAt: t.ExpiresAt.UTC(),
		Permissions: listed(t.Permissions), Scopes: listed(t.Scopes), IPWhitelist: whitelistOf(t.IPWhitelist), Hint: t.Hint,
		RotationDue: t.RotationDueAt(now), UsageCount: t.Usage.Count, FailureCount: t.Usage.Failures, LastUsedAt: timeOrNull(t.Usage.LastUsedAt),
		LastUsedIP: addressOrNull(t.Usage.LastUsedIP), CreatedBy: createdBy(t.CreatedBy), CreatedAt: t.CreatedAt.UTC(), UpdatedAt: t.UpdatedAt.UTC(),
	}
}

// newAPIToken is the body that creates an API token. A null counts as absent.
type newAPIToken struct {
	Name        string    `json:"name,omitempty" doc:"1 to 100 characters; required."`
	Description string    `json:"description,omitempty" doc:"Up to 500 characters."`
	Type        string    `json:"type,omitempty" doc:"organization or project; default: project where projectId is given."`
	ProjectID   string    `json:"projectId,omitempty"`
	ExpiresAt   time.Time `json:"expiresAt,omitempty" doc:"Absent: one year from now, or the organization's longest."`
	Permissions []string  `json:"permissions,omitempty" doc:"At least one."`
	Scopes      []string  `json:"scopes,omitempty" doc:"At least one. When every API that declares one of them is strict, all must be declared."`
	IPWhitelist []string  `json:"ipWhitelist,omitempty"`
}

func (b newAPIToken) input() registry.APITokenInput {
	return registry.APITokenInput{
		Name: b.Name, Description: b.Description, Type: b.Type, ProjectID: b.ProjectID, ExpiresAt: b.ExpiresAt,
		Scopes: b.Scopes, Permissions: b.Permissions, IPWhitelist: b.IPWhitelist,
	}
}

// apiTokenPatch is the merge patch of an API token.
type apiTokenPatch struct {
	Name        field[string]    `json:"name,omitzero"`
	Description field[string]    `json:"description,omitzero"`
	IsActive    field[bool]      `json:"isActive,omitzero"`
	ExpiresAt   field[time.Time] `json:"expiresAt,omitzero" doc:"null: one year from now, or the organization's longest."`
	Permissions field[[]string]  `json:"permissions,omitzero"`
	Scopes      field[[]string]  `json:"scopes,omitzero"`
	IPWhitelist field[[]string]  `json:"ipWhitelist,omitzero"`
}

func (b apiTokenPatch) patch() (registry.APITokenPatch, error) {
	if err := mustSay("isActive", b.IsActive); err != nil {
		return registry.APITokenPatch{}, err
	}
	return registry.APITokenPatch{
		Name: b.Name.patch(), Description: b.Description.patch(), IsActive: b.IsActive.patch(), ExpiresAt: b.ExpiresAt.patch(),
		Scopes: b.Scopes.patch(), Permissions: b.Permissions.patch(), IPWhitelist: b.IPWhitelist.patch(),
	}, nil
}
