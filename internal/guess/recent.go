package guess

import (
	"hash/maphash"
	"net/netip"
)

// Key stands for a text that may be long or secret, and is not kept itself. It
// differs from process to process, so that nobody can choose texts with the
// same key; two that have it by chance share what is remembered of them.
type Key uint64

var seed = maphash.MakeSeed()

// KeyOf returns the key of these texts in this order. None holds a NUL.
func KeyOf(texts ...string) Key {
	var h maphash.Hash
	h.SetSeed(seed)
	for _, text := range texts {
		// Writing to a hash never fails.
		_, _ = h.WriteString(text)
		_ = h.WriteByte(0)
	}
	return Key(h.Sum64())
}

// Network is the address, or for IPv6 the /64 that one host may roam in.
func Network(address netip.Addr) string {
	if address.Is6() {
		network, _ := address.Prefix(64) // 64 is a good length
		return network.String()
	}
	return address.String()
}

// Recent remembers a value for each of the last keys that were asked for: when
// one half is full, the older half is forgotten. It is not safe for concurrent
// use.
type Recent[V any] struct {
	half       int
	fresh, old map[Key]V
}

// NewRecent returns the memory of n to 2n keys.
func NewRecent[V any](n int) Recent[V] { return Recent[V]{half: n, fresh: map[Key]V{}} }

// Get returns what is remembered of a key.
func (r *Recent[V]) Get(k Key) (V, bool) {
	v, ok := r.fresh[k]
	if ok {
		return v, true
	}
	if v, ok = r.old[k]; ok {
		r.Put(k, v)
	}
	return v, ok
}

// Put remembers a value.
func (r *Recent[V]) Put(k Key, v V) {
	if _, known := r.fresh[k]; !known && len(r.fresh) >= r.half {
		r.old, r.fresh = r.fresh, make(map[Key]V)
	}
	r.fresh[k] = v
}

// Forget drops a key.
func (r *Recent[V]) Forget(k Key) {
	delete(r.fresh, k)
	delete(r.old, k)
}

// Len is how many keys are kept, at most 2n.
func (r *Recent[V]) Len() int { return len(r.fresh) + len(r.old) }
