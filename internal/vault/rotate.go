package vault

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"keywright/registry"
)

const (
	defaultSigningKeyLifetime = 90 * 24 * time.Hour

	// tokenKeyLifetime is how long a key of opaque tokens is active. Unlike
	// signing keys they are known to nobody else, so that it costs nothing to
	// replace them often.
	tokenKeyLifetime = 24 * time.Hour
)

// SigningSchedule says how signing keys are replaced.
func (v *Vault) SigningSchedule() registry.KeySchedule {
	kind := signingKind
	kind.algorithm = cmp.Or(v.cfg.SigningAlgorithm, ES256)
	return v.schedule(kind, cmp.Or(v.cfg.SigningKeyLifetime, defaultSigningKeyLifetime))
}

func (v *Vault) schedule(kind kind, lifetime time.Duration) registry.KeySchedule {
	return registry.KeySchedule{
		Purpose: kind.purpose, Algorithm: kind.algorithm, Lifetime: lifetime,
		Make: func() (registry.Key, error) { return v.cfg.makeKey(kind) },
	}
}

func (v *Vault) schedules() []registry.KeySchedule {
	return []registry.KeySchedule{v.SigningSchedule(), v.schedule(tokenKind, tokenKeyLifetime)}
}

// Rotate makes the keys of access tokens that are due, and deletes those that
// are long gone. There is mostly nothing to do, and then it only reads. Any
// number of replicas may call it at any time.
func (v *Vault) Rotate(ctx context.Context) error {
	stored, err := v.cfg.stored(ctx)
	if err != nil {
		return err
	}
	for _, schedule := range v.schedules() {
		if err := v.change(ctx, stored, schedule, schedule.Due); err != nil {
			return err
		}
	}
	return nil
}

// ChangeAlgorithm replaces the signing key that stands next, if it has another
// algorithm than the configured one. It is for the start of a server: replicas
// that are configured differently would otherwise replace each other's keys
// for as long as they run.
func (v *Vault) ChangeAlgorithm(ctx context.Context) error {
	stored, err := v.cfg.stored(ctx)
	if err != nil {
		return err
	}
	schedule := v.SigningSchedule()
	return v.change(ctx, stored, schedule, schedule.ChangeAlgorithm)
}

// want says what has to change about the standing keys of one purpose, with a
// fresh key to put among them.
type want func(standing []registry.Key, fresh registry.Key, now time.Time) registry.KeyChange

// change makes the change that is wanted of the keys as they were read. If
// there is one, a key is made, which takes time, and then the question is asked
// again under the lock.
func (v *Vault) change(ctx context.Context, stored []registry.Key, schedule registry.KeySchedule, wanted want) error {
	first := wanted(ofPurpose(stored, schedule.Purpose), registry.Key{}, v.cfg.now())
	if first.Nothing() {
		return nil
	}
	fresh, err := schedule.Make()
	if err != nil {
		return err
	}
	err = v.cfg.Store.ChangeKeys(ctx, schedule.Purpose, func(standing []registry.Key) (registry.KeyChange, error) {
		return wanted(standing, fresh, v.cfg.now()), nil
	})
	if err != nil {
		return fmt.Errorf("change the %s keys: %w", schedule.Purpose, err)
	}
	return nil
}
