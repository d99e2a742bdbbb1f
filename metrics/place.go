package metrics

import (
	"net/netip"
	"sync"
	"time"

	"keywright/registry"
)

// shardCount is how many parts of the ledger can be written to at once.
const shardCount = 64

// shard is the part of the ledger for some of the credentials. Its maps hold
// no pointers, so that the garbage collector passes over them.
type shard struct {
	mu      sync.Mutex // held for moments only, never over the database
	pending map[place]tally
	since   time.Time // of the oldest use that is pending
	counts  map[credential]count
}

// kind is a kind of what has usage, in one byte.
type kind uint8

const (
	kindNone kind = iota
	kindClient
	kindAPIToken
	kindSecret
	kindKey
	kindOrganization
)

var kinds = [...]struct{ name, prefix string }{
	kindClient:       {registry.CredentialClient, registry.PrefixClient},
	kindAPIToken:     {registry.CredentialAPIToken, registry.PrefixAPIToken},
	kindSecret:       {registry.CredentialSecret, registry.PrefixSecretRecord},
	kindKey:          {registry.CredentialKey, registry.PrefixClientKey},
	kindOrganization: {registry.UsageOrganization, registry.PrefixOrganization},
}

func (k kind) unpack(id string) (registry.RawID, bool) { return registry.UnpackID(id, kinds[k].prefix) }

func (k kind) pack(id registry.RawID) string { return registry.PackID(id, kinds[k].prefix) }

// credential is a client or an API token.
type credential struct {
	kind kind
	id   registry.RawID
}

// place is what uses are summed by until they are flushed: those of a
// credential with one of its secrets or keys, or its failures of one cause,
// within an hour and from one network.
type place struct {
	credential
	partKind kind // of the secret or key
	part     registry.RawID
	cause    registry.Cause
	family   byte    // of the network: 4 or 6; 0: not kept
	network  [6]byte // IPv4: 3 of them
	hour     uint32  // since 1970
}

// tally is what was summed.
type tally struct {
	organization registry.RawID
	address      [16]byte // of the last use that came with one; zero: none did
	last         int64    // use, in Unix µs
	count        int64
}

// placeOf is the place for a use, or false if its ids are none of ours.
func placeOf(u registry.Use) (p place, ok bool) {
	p.kind = kindClient
	if u.Kind == registry.CredentialAPIToken {
		p.kind = kindAPIToken
	}
	if p.id, ok = p.kind.unpack(u.ID); !ok {
		return place{}, false
	}
	p.cause, p.hour = u.Cause, uint32(u.At.Unix()/int64(time.Hour/time.Second))
	if u.Cause != registry.CauseNone {
		return p, true
	}
	switch {
	case u.SecretID != "":
		p.partKind = kindSecret
		p.part, ok = p.partKind.unpack(u.SecretID)
	case u.KeyID != "":
		p.partKind = kindKey
		p.part, ok = p.partKind.unpack(u.KeyID)
	}
	p.family, p.network = networkOf(u.Address)
	return p, ok
}

// networkOf is registry.NetworkOf in seven bytes.
func networkOf(a netip.Addr) (family byte, network [6]byte) {
	raw := a.As16()
	switch {
	case !a.IsValid():
		return 0, network
	case a.Unmap().Is4():
		copy(network[:3], raw[12:])
		return 4, network
	}
	copy(network[:], raw[:])
	return 6, network
}

func (t *tally) add(u registry.Use) {
	t.organization, _ = kindOrganization.unpack(u.OrganizationID) // zero: of none
	if u.Counted || u.Cause != registry.CauseNone {
		t.count++
	}
	at := u.At.UnixMicro()
	if at < t.last {
		return
	}
	t.last = at
	if u.Address.IsValid() {
		t.address = u.Address.As16()
	}
}

// batch is what is sent at once.
type batch struct {
	id     string
	at     time.Time
	size   int // in places
	deltas []registry.UsageDelta
}

// add adds what was summed in a place to the credential, to the secret or key
// and to the organization.
func (b *batch) add(p place, t tally) {
	b.size++
	organization := ""
	if t.organization != (registry.RawID{}) {
		organization = kindOrganization.pack(t.organization)
	}
	delta := registry.UsageDelta{
		Kind: kinds[p.kind].name, ID: p.kind.pack(p.id), OrganizationID: organization,
		Cause: p.cause, Count: t.count, LastAt: time.UnixMicro(t.last).UTC(),
	}
	if t.address != [16]byte{} {
		delta.LastIP = netip.AddrFrom16(t.address).Unmap()
	}
	b.deltas = append(b.deltas, delta)
	if p.partKind != kindNone {
		delta.Kind, delta.ID = kinds[p.partKind].name, p.partKind.pack(p.part)
		b.deltas = append(b.deltas, delta)
	}
	if organization != "" {
		delta.Kind, delta.ID, delta.LastIP = registry.UsageOrganization, organization, netip.Addr{}
		b.deltas = append(b.deltas, delta)
	}
}
