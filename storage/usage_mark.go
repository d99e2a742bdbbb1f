package storage

import (
	"context"
	"encoding/json"
	"net/netip"
	"time"

	"github.com/uptrace/bun"

	"keywright/registry"
)

type usageMarkRow struct {
	bun.BaseModel `bun:"table:usage_marks,alias:m"`

	Kind           string `bun:",pk"`
	ID             string `bun:",pk"`
	Mark           string `bun:",pk"`
	Subject        string `bun:",pk"`
	OrganizationID string
	At             moment
	Detail         document

	// Of candidates.
	Uses       int64  `bun:",scanonly"`
	Most       int64  `bun:",scanonly"`
	LastUsedAt moment `bun:",scanonly"`
	Network    string `bun:",scanonly"`
}

// usageMarkDetail is the document of a mark: what its rule saw.
type usageMarkDetail struct {
	Uses       int64        `json:"uses,omitempty"`
	Most       int64        `json:"most,omitempty"`
	LastUsedAt time.Time    `json:"lastUsedAt,omitzero"`
	Network    netip.Prefix `json:"network,omitzero"`
}

func (r usageMarkRow) domain() registry.UsageMark {
	d := usageMarkDetail{Uses: r.Uses, Most: r.Most, LastUsedAt: r.LastUsedAt.Time}
	switch {
	case r.Detail != nil:
		if json.Unmarshal(r.Detail, &d) != nil {
			d = usageMarkDetail{} // it was not written here
		}
	case r.Network != "":
		d.Network, _ = netip.ParsePrefix(r.Network)
	}
	return registry.UsageMark{
		OrganizationID: r.OrganizationID, Kind: r.Kind, ID: r.ID, Mark: r.Mark, At: r.At.Time,
		Uses: d.Uses, Most: d.Most, LastUsedAt: d.LastUsedAt, Network: d.Network,
	}
}

// InsertUsageMark implements registry.WatchTx.
func (s *session) InsertUsageMark(ctx context.Context, m registry.UsageMark) (bool, error) {
	detail, err := json.Marshal(usageMarkDetail{m.Uses, m.Most, m.LastUsedAt, m.Network})
	if err != nil {
		return false, registry.Unavailable(err)
	}
	n, err := s.exec(ctx, "mark", s.bun.NewInsert().Model(&usageMarkRow{
		Kind: m.Kind, ID: m.ID, Mark: m.Mark, Subject: m.Subject(), OrganizationID: m.OrganizationID,
		At: moment{m.At}, Detail: detail,
	}).On("CONFLICT DO NOTHING"))
	return n == 1, err
}

// UsageMarks implements registry.MarkReader.
func (s *session) UsageMarks(ctx context.Context, f registry.MarkFilter, limit int) ([]registry.UsageMark, error) {
	var rows []usageMarkRow
	query := s.bun.NewSelect().Model(&rows).OrderExpr("m.at DESC, m.kind, m.id, m.mark, m.subject").Limit(int64(limit))
	if f.OrganizationID != "" {
		query = query.Where("m.organization_id = ?", f.OrganizationID)
	}
	if f.ProjectID != "" {
		query = query.Where("(m.kind = ? AND EXISTS (SELECT 1 FROM clients AS c WHERE c.id = m.id AND c.project_id = ?)"+
			" OR m.kind = ? AND EXISTS (SELECT 1 FROM api_tokens AS t WHERE t.id = m.id AND t.project_id = ?))",
			registry.CredentialClient, f.ProjectID, registry.CredentialAPIToken, f.ProjectID)
	}
	if f.ID != "" {
		query = query.Where("m.kind = ? AND m.id = ?", f.Kind, f.ID)
	}
	if !f.From.IsZero() {
		query = query.Where("m.at >= ?", moment{f.From})
	}
	if !f.To.IsZero() {
		query = query.Where("m.at < ?", moment{f.To})
	}
	err := s.get(ctx, "mark", query)
	return convert(rows, usageMarkRow.domain), err
}

// PruneUsageMarks deletes marks from before that time, and returns how many.
func (db *DB) PruneUsageMarks(ctx context.Context, before time.Time) (int64, error) {
	s := db.single(db.write)
	return s.exec(ctx, "mark", s.bun.NewDelete().Table("usage_marks").Where("at < ?", moment{before}))
}
