package main

import (
	"context"
	"errors"
	"time"

	"keywright/registry"
)

// watchTimeout bounds each of the steps of a look over the credentials, so that
// none takes the time of another.
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
			s.watched.Looked(time.Now())
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
	var counts registry.CredentialCounts
	var warnings int
	var marks []registry.UsageMark
	counting := withinWatchTimeout(ctx, func(ctx context.Context) (err error) {
		counts, err = s.service.CredentialCounts(ctx, registry.Server())
		return err
	})
	if counting == nil {
		s.watched.Counted(counts)
	}
	warning := withinWatchTimeout(ctx, func(ctx context.Context) (err error) {
		warnings, err = s.service.GiveWarnings(ctx, registry.Server())
		return err
	})
	marking := withinWatchTimeout(ctx, func(ctx context.Context) (err error) {
		marks, err = s.service.MarkUsage(ctx, registry.Server(), since)
		return err
	})
	s.watched.Marked(marks)
	if warnings > 0 || len(marks) > 0 {
		s.logger.InfoContext(ctx, "looked over the credentials", "warnings", warnings, "marks", len(marks))
	}
	return errors.Join(counting, warning, marking)
}

func withinWatchTimeout(ctx context.Context, step func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, watchTimeout)
	defer cancel()
	return step(ctx)
}

// forgetWatched deletes marks that are as old as the oldest usage, and what is
// known of warnings of expiries long past.
func (s *server) forgetWatched(ctx context.Context) error {
	before := time.Now().Add(-s.cfg.UsageDaysKept)
	_, marks := s.db.PruneUsageMarks(ctx, before)
	_, warnings := s.db.PruneWarnings(ctx, before)
	return errors.Join(marks, warnings)
}
