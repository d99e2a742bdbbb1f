package storage

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"time"

	"github.com/uptrace/bun"

	"keywright/registry"
)

type clientRow struct {
	bun.BaseModel `bun:"table:clients,alias:c"`

	ID              string `bun:",pk"`
	OrganizationID  string
	ProjectID       optional
	ApplicationID   optional
	Name            string
	Description     string
	Environment     string
	IsActive        bool
	ExpiresAt       moment
	RevokedAt       moment
	ConfirmBy       moment
	Scopes          list
	Permissions     list
	Audiences       list
	Introspects     list
	IPWhitelist     list
	AuthMethod      string
	JWKS            document
	TokenFormat     string
	TokenTTLSeconds int64
	Watch           bool
	CutOff          int64
	CreatedByKind   string
	CreatedByID     string
	CreatedVia      string
	Revision        int64
	CreatedAt       moment
	UpdatedAt       moment

	RoleIDs list `bun:"role_ids,scanonly"`
	usageColumns
	rotationColumn
}

type clientRoleRow struct {
	bun.BaseModel `bun:"table:client_roles,alias:cr"`

	ClientID string `bun:",pk"`
	RoleID   string `bun:",pk"`
}

func clientRowOf(c registry.Client) *clientRow {
	return &clientRow{
		ID:              c.ID,
		OrganizationID:  c.OrganizationID,
		ProjectID:       optional(c.ProjectID),
		ApplicationID:   optional(c.ApplicationID),
		Name:            c.Name,
		Description:     c.Description,
		Environment:     c.Environment,
		IsActive:        c.IsActive,
		ExpiresAt:       moment{c.ExpiresAt},
		RevokedAt:       moment{c.RevokedAt},
		ConfirmBy:       moment{c.ConfirmBy},
		Scopes:          c.Scopes,
		Permissions:     c.Permissions,
		Audiences:       c.Audiences,
		Introspects:     c.Introspects,
		IPWhitelist:     prefixTexts(c.IPWhitelist),
		AuthMethod:      c.AuthMethod,
		JWKS:            document(c.JWKS),
		TokenFormat:     c.TokenFormat,
		TokenTTLSeconds: int64(c.TokenTTL / time.Second),
		Watch:           c.Watch,
		CutOff:          int64(c.CutOff),
		CreatedByKind:   c.CreatedBy.Kind,
		CreatedByID:     c.CreatedBy.ID,
		CreatedVia:      string(c.CreatedVia),
		Revision:        c.Revision,
		CreatedAt:       moment{c.CreatedAt},
		UpdatedAt:       moment{c.UpdatedAt},
	}
}

// domain fails for a whitelist that cannot be read: without it the client
// could be used from any address.
func (r clientRow) domain() (registry.Client, error) {
	whitelist, err := parsePrefixes(r.IPWhitelist)
	if err != nil {
		return registry.Client{}, err
	}
	return registry.Client{
		ID:             r.ID,
		OrganizationID: r.OrganizationID,
		ProjectID:      string(r.ProjectID),
		ApplicationID:  string(r.ApplicationID),
		Name:           r.Name,
		Description:    r.Description,
		Environment:    r.Environment,
		IsActive:       r.IsActive,
		ExpiresAt:      r.ExpiresAt.Time,
		RevokedAt:      r.RevokedAt.Time,
		ConfirmBy:      r.ConfirmBy.Time,
		RoleIDs:        r.RoleIDs,
		Scopes:         r.Scopes,
		Permissions:    r.Permissions,
		Audiences:      r.Audiences,
		Introspects:    r.Introspects,
		IPWhitelist:    whitelist,
		AuthMethod:     r.AuthMethod,
		JWKS:           json.RawMessage(r.JWKS),
		TokenFormat:    r.TokenFormat,
		TokenTTL:       time.Duration(r.TokenTTLSeconds) * time.Second,
		Watch:          r.Watch,
		CutOff:         registry.Position(r.CutOff),
		CreatedBy:      registry.Principal{Kind: r.CreatedByKind, ID: r.CreatedByID},
		CreatedVia:     registry.CreatedVia(r.CreatedVia),
		Revision:       r.Revision,
		CreatedAt:      r.CreatedAt.Time,
		UpdatedAt:      r.UpdatedAt.Time,
		Usage:          r.usageColumns.domain(),
		RotationAge:    r.rotationColumn.domain(),
	}, nil
}

func parsePrefixes(texts list) ([]netip.Prefix, error) {
	var prefixes []netip.Prefix
	for _, text := range texts {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, registry.Unavailable(fmt.Errorf("stored whitelist: %w", err))
		}
		prefixes = append(prefixes, prefix)
	}
	return prefixes, nil
}

// selectClient selects clients with their roles and usage.
func (s *session) selectClient(model any) *bun.SelectQuery {
	query := s.bun.NewSelect().Model(model).ColumnExpr("c.*").
		ColumnExpr("(SELECT ?(cr.role_id ORDER BY cr.role_id) FROM client_roles AS cr WHERE cr.client_id = c.id) AS role_ids",
			s.db.dialect.jsonArray)
	return withRotation(withUsage(query, registry.CredentialClient))
}

// Client implements registry.Reader.
func (s *session) Client(ctx context.Context, organizationID, clientID string) (registry.Client, error) {
	var row clientRow
	err := s.get(ctx, "client", s.selectClient(&row).Where("c.id = ? AND c.organization_id = ?", clientID, organizationID))
	if err != nil {
		return registry.Client{}, err
	}
	return row.domain()
}

// ClientPage implements registry.Reader.
func (s *session) ClientPage(ctx context.Context, filter registry.ClientFilter, page registry.Page) ([]registry.Client, error) {
	if err := s.preferIndexes(ctx); err != nil {
		return nil, err
	}
	var rows []clientRow
	query := s.selectClient(&rows).ApplyQueryBuilder(clientsThat(filter))
	query = s.narrowed(query, "c", registry.CredentialClient, filter.Narrowing)
	expiry := bun.Safe("coalesce(c.expires_at, '" + s.db.dialect.lastTime + "')")
	if err := s.get(ctx, "client", s.inOrder(query, page, expiry)); err != nil {
		return nil, err
	}
	var clients []registry.Client
	for _, row := range rows {
		client, err := row.domain()
		if err != nil {
			return nil, err
		}
		clients = append(clients, client)
	}
	return clients, nil
}

// CountClients implements registry.Reader.
func (s *session) CountClients(ctx context.Context, filter registry.ClientFilter) (int, error) {
	return s.count(ctx, "client", s.bun.NewSelect().TableExpr("clients AS c").ApplyQueryBuilder(clientsThat(filter)))
}

// clientsThat are the clients of one organization that the filter selects.
func clientsThat(filter registry.ClientFilter) func(bun.QueryBuilder) bun.QueryBuilder {
	return func(q bun.QueryBuilder) bun.QueryBuilder {
		q = q.Where("c.organization_id = ?", filter.OrganizationID)
		if filter.ProjectID != "" {
			q = q.Where("c.project_id = ?", filter.ProjectID)
		}
		if filter.ApplicationID != "" {
			q = q.Where("c.application_id = ?", filter.ApplicationID)
		}
		if filter.CreatedBy != "" {
			q = q.Where("c.created_by_id = ?", filter.CreatedBy)
		}
		if !filter.NotGoneAt.IsZero() {
			q = q.Where("(c.confirm_by IS NULL OR c.revoked_at IS NOT NULL OR c.confirm_by > ?)", moment{filter.NotGoneAt})
		}
		if filter.OnlyUnrevoked {
			q = q.Where("c.revoked_at IS NULL")
		}
		if filter.Environment != "" {
			q = q.Where("c.environment = ?", filter.Environment)
		}
		return q
	}
}

// InsertClient implements registry.Tx.
func (s *session) InsertClient(ctx context.Context, c registry.Client) error {
	if err := s.insert(ctx, "client", clientRowOf(c)); err != nil {
		return err
	}
	return s.insertRoles(ctx, c)
}

// ClientForUpdate implements registry.Tx.
func (s *session) ClientForUpdate(ctx context.Context, organizationID, clientID string) (registry.Client, error) {
	if err := s.lock(ctx, "client", "clients", organizationID, clientID); err != nil {
		return registry.Client{}, err
	}
	return s.Client(ctx, organizationID, clientID)
}

// UpdateClient implements registry.Tx. The cut-off stays; CutOff moves it.
func (s *session) UpdateClient(ctx context.Context, c registry.Client) error {
	err := s.execOne(ctx, "client", s.bun.NewUpdate().Model(clientRowOf(c)).
		ExcludeColumn("id", "organization_id", "cut_off", "created_by_kind", "created_by_id", "created_via", "created_at").
		Where("c.id = ? AND c.organization_id = ?", c.ID, c.OrganizationID))
	if err != nil {
		return err
	}
	if _, err := s.exec(ctx, "client", s.bun.NewDelete().Table("client_roles").Where("client_id = ?", c.ID)); err != nil {
		return err
	}
	return s.insertRoles(ctx, c)
}

func (s *session) insertRoles(ctx context.Context, c registry.Client) error {
	if len(c.RoleIDs) == 0 {
		return nil
	}
	rows := convert(c.RoleIDs, func(id string) clientRoleRow { return clientRoleRow{ClientID: c.ID, RoleID: id} })
	return s.insert(ctx, "role", &rows)
}

// DeleteClient implements registry.Tx. Its denied tokens and audit events stay.
func (s *session) DeleteClient(ctx context.Context, organizationID, clientID string) error {
	if err := s.lock(ctx, "client", "clients", organizationID, clientID); err != nil {
		return err
	}
	var accounts []account
	err := s.get(ctx, "usage", s.bun.NewRaw(clientAccounts, clientID, organizationID), &accounts)
	if err != nil {
		return err
	}
	if err := s.deleteUsage(ctx, accounts...); err != nil {
		return err
	}
	return s.execOne(ctx, "client", s.bun.NewDelete().Table("clients").
		Where("id = ? AND organization_id = ?", clientID, organizationID))
}

// clientAccounts are a client, its secrets and its keys.
const clientAccounts = `WITH c AS (SELECT id FROM clients WHERE id = ? AND organization_id = ?)
SELECT 'client' AS kind, c.id FROM c
UNION ALL SELECT 'secret', s.id FROM c JOIN secrets AS s ON s.client_id = c.id
UNION ALL SELECT 'key', k.id FROM c JOIN client_keys AS k ON k.client_id = c.id`
