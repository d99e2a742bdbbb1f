package registry

import (
	"context"
	"time"
)

// CountQuery says which credentials to count. Empty ids do not narrow.
type CountQuery struct {
	OrganizationID string
	ProjectID      string
	At             time.Time // the moment of their status
	UnusedSince    time.Time // unused: neither used nor made after that
}

// CredentialCounts are how many credentials there are. Clients that were never
// confirmed in time are not there.
type CredentialCounts struct {
	Credentials []CredentialCount
	Due         []DueCount
}

// CredentialCount is how many credentials of a kind have a status.
type CredentialCount struct {
	Kind      string // CredentialClient or CredentialAPIToken
	Status    Status
	Count     int64
	NeverUsed int64 // of Count
	Unused    int64 // of Count: since the time of the query
}

// DueCount is how many there are of what a warning is about.
type DueCount struct {
	Kind    string
	Warning string // the narrowest window, or WarningRotationDue
	Count   int64
}

// Of is how many credentials of a kind have that status.
func (c CredentialCounts) Of(kind string, status Status) int64 {
	var n int64
	for _, count := range c.Credentials {
		if count.Kind == kind && count.Status == status {
			n += count.Count
		}
	}
	return n
}

// NeverUsed and Unused are how many of the credentials that could be used,
// switched on or off, never were, or not since the time of the query.
func (c CredentialCounts) NeverUsed() int64 {
	return c.usable(func(n CredentialCount) int64 { return n.NeverUsed })
}

// Unused is described beside NeverUsed.
func (c CredentialCounts) Unused() int64 {
	return c.usable(func(n CredentialCount) int64 { return n.Unused })
}

func (c CredentialCounts) usable(part func(CredentialCount) int64) int64 {
	var n int64
	for _, count := range c.Credentials {
		if count.Status == StatusActive || count.Status == StatusDisabled {
			n += part(count)
		}
	}
	return n
}

// Expiring is how many of a kind expire within a window, narrower ones included.
func (c CredentialCounts) Expiring(kind string, within ExpiryWindow) int64 {
	var n int64
	for _, w := range ExpiryWindows {
		if w.Span <= within.Span {
			n += c.due(kind, w.Name)
		}
	}
	return n
}

// RotationDue is how many secrets, keys and API tokens are due for rotation.
func (c CredentialCounts) RotationDue() int64 {
	return c.due(CredentialSecret, WarningRotationDue) + c.due(CredentialKey, WarningRotationDue) +
		c.due(CredentialAPIToken, WarningRotationDue)
}

func (c CredentialCounts) due(kind, warning string) int64 {
	for _, d := range c.Due {
		if d.Kind == kind && d.Warning == warning {
			return d.Count
		}
	}
	return 0
}

// CredentialCounts counts the credentials of all organizations, for the server
// itself.
func (s *Service) CredentialCounts(ctx context.Context, actor Actor) (CredentialCounts, error) {
	var counts CredentialCounts
	err := s.readAll(ctx, actor, func(r Reader) (err error) {
		counts, err = r.CredentialCounts(ctx, CountQuery{At: s.now()})
		return err
	})
	return counts, err
}
