package main

import (
	"context"
	"fmt"
	"time"

	"keywright/oauth/signing"
)

// keyInterval is how often the keys of access tokens are read: often enough to
// miss many readings before the copy is too old, and to follow a rotation soon.
const keyInterval = 2 * time.Second

// newRing prepares the keys of access tokens and opens them.
func (s *server) newRing(ctx context.Context) (*signing.Ring, error) {
	if err := s.vault.ChangeAlgorithm(ctx); err != nil {
		return nil, err
	}
	if err := s.vault.Rotate(ctx); err != nil {
		return nil, err
	}
	keys, err := s.vault.AccessKeys(ctx)
	if err != nil {
		return nil, err
	}
	return signing.NewRing(s.issuer, time.Now, keys)
}

// keepKeys rotates the keys of access tokens when they are due, and keeps the
// ring up to date. While the database is away the ring keeps the keys it has.
func (s *server) keepKeys(ctx context.Context) {
	ticker := time.NewTicker(keyInterval)
	defer ticker.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		err := s.refreshKeys(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			s.logger.WarnContext(ctx, "the keys of access tokens are not up to date", "error", err)
		}
		failing = err != nil
	}
}

func (s *server) refreshKeys(ctx context.Context) error {
	if err := s.vault.Rotate(ctx); err != nil {
		return fmt.Errorf("rotate: %w", err)
	}
	keys, err := s.vault.AccessKeys(ctx)
	if err != nil {
		return err
	}
	return s.keys.Replace(keys)
}
