package signing

import (
	"crypto/sha256"

	"github.com/maypok86/otter/v2"

	"keywright/registry"
)

// maxVerified is how many bytes of memory the tokens of one key may take that
// are remembered: some 50,000 ordinary ones. One that is forgotten is verified
// anew.
const maxVerified = 64 << 20

// verifiedBytes is what a token takes beside the text that its claims are made of.
const verifiedBytes = 512

// verified remembers tokens of one key whose signature was found good, by the
// digest of their whole text, so that none is verified twice. A text that
// differs in one bit has another digest. It says no more than the signature did
// when it was verified: whether the token is expired or revoked is looked at
// elsewhere, every time.
type verified struct {
	tokens *otter.Cache[textDigest, *rememberedToken]
}

type textDigest [sha256.Size]byte

type rememberedToken struct {
	registry.AccessToken
	bytes uint32 // about
}

func newVerified(most uint64) *verified {
	return &verified{otter.Must(&otter.Options[textDigest, *rememberedToken]{
		MaximumWeight: most,
		Weigher:       func(_ textDigest, t *rememberedToken) uint32 { return t.bytes },
	})}
}

// read returns what a token says: what is remembered, or else what open, which
// verifies it, finds in it. A token that names no key of ours has no memory
// (nil), and open refuses it.
func (v *verified) read(raw, issuer string, open func(raw string) ([]byte, registry.Cause)) (registry.AccessToken, registry.Cause) {
	if v != nil {
		if t, ok := v.get(raw); ok {
			return t, registry.CauseNone
		}
	}
	payload, cause := open(raw)
	if cause != registry.CauseNone {
		return registry.AccessToken{}, cause
	}
	t, cause := decodeClaims(payload, issuer)
	if v != nil && cause == registry.CauseNone {
		v.put(raw, t)
	}
	return t, cause
}

// get returns what a token says that is remembered. Nobody may change its lists.
func (v *verified) get(raw string) (registry.AccessToken, bool) {
	t, ok := v.tokens.GetIfPresent(sha256.Sum256([]byte(raw)))
	if !ok {
		return registry.AccessToken{}, false
	}
	return t.AccessToken, true
}

func (v *verified) put(raw string, t registry.AccessToken) {
	v.tokens.Set(sha256.Sum256([]byte(raw)), &rememberedToken{t, verifiedBytes + uint32(len(raw))})
}
