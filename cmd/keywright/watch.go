package main

import (
	"context"
	"errors"
	"time"

	"keywright/registry"
)

// watchTimeout bounds one look over the credentials.
const watchTimeout = 30 * time.Second

// watch does, now and then, what the server does by itself: it counts the
// credentials for the metrics, warns of what expires or is due for rotation,
// and marks what is odd about their use.
func (s *server) watch(ctx context.Context) {
	ticker := time.NewTicker(s.cfg.WatchInterval)
	defer ticker.Stop()
	looked := time.Now() // usage of before that is another process's to look at
	for {
		begun := time.Now()
		err := s.lookOver(ctx, looked)
		switch {
		case err == nil:
			looked = begun
		case ctx.Err() == nil:
			s.logger.WarnContext(ctx, "the credentials were not all looked over", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func (s *server) lookOver(ctx context.Context, since time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, watchTimeout)
	defer cancel()
	counts, counting := s.service.CredentialCounts(ctx, registry.Server())
	if counting == nil {
		s.watched.Counted(counts, time.Now())
	}
	warnings, warning := s.service.GiveWarnings(ctx, registry.Server())
	marks, marking := s.service.MarkUsage(ctx, registry.Server(), since)
	s.watched.Marked(marks)
	if warnings > 0 || len(marks) > 0 {
		s.logger.InfoContext(ctx, "looked over the credentials", "warnings", warnings, "marks", len(marks))
	}
	return errors.Join(counting, warning, marking)
}

// forgetWatched deletes marks that are as old as the oldest usage, and what is
// known of warnings of expiries long past.
func (s *server) forgetWatched(ctx context.Context) error {
	before := time.Now().Add(-s.cfg.UsageDaysKept)
	_, marks := s.db.PruneUsageMarks(ctx, before)
	_, warnings := s.db.PruneWarnings(ctx, before)
	return errors.Join(marks, warnings)
}
