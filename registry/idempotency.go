package registry

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// This file keeps the promise of Idempotency-Key: a request with a key changes
// something at most once within KeyKept, however often it is sent.
//
// That it changed something is stored in the transaction of the change, so
// that promise holds through any crash. Its answer is stored after that, in a
// transaction of its own; when that is lost, the repeated request is refused
// and told so, with the id of what was changed, and never carried out again.
// A request that was refused, or found nothing to change, leaves nothing
// behind: to repeat it does no harm.

// KeyKept is how long an Idempotency-Key is remembered.
const KeyKept = 24 * time.Hour

// maxIdempotencyKey is how long a key may be, in characters.
const maxIdempotencyKey = 255

// KeyedRequest is what a request with an Idempotency-Key left.
type KeyedRequest struct {
	ID          string // a digest of who, where and key
	Fingerprint Digest // of the body
	TargetID    string // of the change
	At          time.Time
	Answer      KeptAnswer // zero until it is stored
}

// KeptAnswer is an answer without its secrets.
type KeptAnswer struct {
	Status         int
	Location, ETag string
	Body           []byte
}

// KeyedCall is a request with an Idempotency-Key that is under way. It belongs
// to one request.
type KeyedCall struct {
	request KeyedRequest
	made    bool // its change was committed
}

// changed notes that the change was committed. There may be no key.
func (k *KeyedCall) changed() {
	if k != nil {
		k.made = true
	}
}

// Changed tells whether the request changed something.
func (k *KeyedCall) Changed() bool { return k.made }

// KeyedInput is a request with an Idempotency-Key, as it came.
type KeyedInput struct {
	Key          string
	Method, Path string
	Body         []byte // and whatever else decides what is done, such as the query
}

// BeginKeyed looks whether the actor sent that request before. If so it
// returns the answer of then, or a conflict where that is still under way or
// was lost; with another body the key is refused. Otherwise the call is for
// the actor of the change.
func (s *Service) BeginKeyed(ctx context.Context, actor Actor, in KeyedInput) (*KeyedCall, *KeptAnswer, error) {
	if !isIdempotencyKey(in.Key) {
		return nil, nil, Malformed("Idempotency-Key must be 1 to %d printable ASCII characters", maxIdempotencyKey)
	}
	who := parts(actor.OrganizationID, actor.Kind, actor.ID, in.Method, in.Path, in.Key)
	id := sha256.Sum256(who)
	request := KeyedRequest{ID: hex.EncodeToString(id[:]), Fingerprint: s.Peppers.fingerprint(s.Peppers.keys[0].id, in.Body)}
	var stored KeyedRequest
	err := s.Store.Read(ctx, func(r Reader) (err error) {
		stored, err = r.KeyedRequest(ctx, request.ID)
		return err
	})
	switch {
	case err != nil && KindOf(err) != KindNotFound:
		return nil, nil, err
	case err != nil || !stored.At.After(s.now().Add(-KeyKept)):
		return &KeyedCall{request: request}, nil, nil
	}
	same := s.Peppers.fingerprint(stored.Fingerprint.PepperID, in.Body)
	switch {
	case !hmac.Equal(same.Sum[:], stored.Fingerprint.Sum[:]):
		return nil, nil, &Error{Kind: KindInvalid, Code: CodeIdempotencyKeyReused, Message: "the Idempotency-Key was used for another request: take a new one"}
	case stored.Answer.Status == 0:
		return nil, nil, keyedConflict(stored.TargetID)
	}
	return nil, &stored.Answer, nil
}

// KeepAnswer stores the answer of a call that changed something. The answer
// must be without secrets.
func (s *Service) KeepAnswer(ctx context.Context, k *KeyedCall, a KeptAnswer) error {
	return s.Store.Change(ctx, func(tx Tx) error { return tx.KeepAnswer(ctx, k.request.ID, a) })
}

// keepRequest stores, in the transaction of a change, that its keyed request
// was carried out. Of two at once the later one fails here.
func (s *Service) keepRequest(ctx context.Context, c *change) error {
	k := c.actor.Keyed
	if k == nil || k.made {
		return nil
	}
	k.request.TargetID, k.request.At = c.targetID, c.now
	err := c.InsertKeyedRequest(ctx, k.request, c.now.Add(-KeyKept))
	if err != nil && KindOf(err) == KindConflict {
		return keyedConflict("")
	}
	return err
}

// keyedConflict says that a keyed request was carried out, and its answer is
// not there.
func keyedConflict(targetID string) error {
	if targetID == "" {
		return Conflict(CodeConflict, "a request with this Idempotency-Key is under way: ask again for its answer")
	}
	return Conflict(CodeConflict, "the request with this Idempotency-Key changed %s once and is still being answered, or its answer was lost: "+
		"ask again, and if that does not help look at what it changed", targetID)
}

// fingerprint is the digest of a body, under a pepper because bodies may hold
// what can be guessed.
func (p Peppers) fingerprint(pepperID string, body []byte) Digest {
	for _, k := range p.keys {
		if k.id == pepperID {
			mac := hmac.New(sha256.New, k.key)
			mac.Write(parts("keywright idempotency 1"))
			mac.Write(body)
			d := Digest{PepperID: k.id}
			mac.Sum(d.Sum[:0])
			return d
		}
	}
	return Digest{}
}

func isIdempotencyKey(key string) bool {
	if key == "" || len(key) > maxIdempotencyKey {
		return false
	}
	for _, c := range []byte(key) {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}
