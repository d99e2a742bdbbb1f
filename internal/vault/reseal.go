package vault

import (
	"context"
	"fmt"

	"keywright/registry"
)

// Reseal seals every key anew that is not sealed under the current master key,
// and returns how many those were. Afterwards the older master keys may go. Any
// number of replicas may run meanwhile, as long as all of them have both.
func (v *Vault) Reseal(ctx context.Context) (int, error) {
	stored, err := v.cfg.stored(ctx)
	if err != nil {
		return 0, err
	}
	purposes := map[registry.KeyPurpose]bool{}
	for _, k := range stored {
		purposes[k.Purpose] = true
	}
	total := 0
	for purpose := range purposes {
		changed := 0
		err := v.cfg.Store.ChangeKeys(ctx, purpose, func(standing []registry.Key) (registry.KeyChange, error) {
			put, err := v.cfg.reseal(standing)
			changed = len(put)
			return registry.KeyChange{Put: put}, err
		})
		if err != nil {
			return total, fmt.Errorf("seal the %s keys anew: %w", purpose, err)
		}
		total += changed
	}
	return total, nil
}

// reseal returns those keys that were not sealed under the current master key,
// sealed under it.
func (cfg Config) reseal(keys []registry.Key) ([]registry.Key, error) {
	var fresh []registry.Key
	for _, k := range keys {
		if cfg.Master.Current(k.Sealed) {
			continue
		}
		secret, err := cfg.Master.Open(k.Sealed, sealContext(k))
		if err != nil {
			return nil, fmt.Errorf("open key %s: %w", k.ID, err)
		}
		if k.Sealed, err = cfg.Master.Seal(secret, sealContext(k)); err != nil {
			return nil, fmt.Errorf("seal key %s: %w", k.ID, err)
		}
		fresh = append(fresh, k)
	}
	return fresh, nil
}
