package main

import (
	"context"
	"time"

	"keywright/registry"
)

// A run ages a million rows at most, in transactions that are over soon. What
// is left is for the next one, or for another replica.
const (
	rowsPerAgeing    = 2000
	ageingsPerRun    = 500
	networksLookBack = 24 * time.Hour // several times what passes between two runs
)

// ageUsage makes days of hourly buckets of usage, and deletes old days and what
// is left of deleted credentials.
func (s *server) ageUsage(ctx context.Context) error {
	now := time.Now()
	until := registry.UsageAge{
		Hours: now.Add(-s.cfg.UsageHoursKept), Days: now.Add(-s.cfg.UsageDaysKept), Networks: now.Add(-networksLookBack),
	}
	for range ageingsPerRun {
		n, err := s.db.AgeUsage(ctx, until, rowsPerAgeing)
		if err != nil {
			return err
		}
		if n == 0 {
			break
		}
	}
	_, err := s.db.PruneUsage(ctx, rowsPerAgeing)
	return err
}
