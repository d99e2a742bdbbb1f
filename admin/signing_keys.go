package admin

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"keywright/registry"
)

// signingKeys is the resource /v1/signing-keys: those of the whole installation.
type signingKeys struct {
	service *registry.Service
	now     func() time.Time
}

func (h signingKeys) mount(api huma.API) {
	const all = "/v1/signing-keys"
	huma.Register(api, operation("list-signing-keys", http.MethodGet, all, tagSigningKeys, "List signing keys, in the order of their use"), h.list)
	huma.Register(api, operation("rotate-signing-key", http.MethodPost, all+"/rotate", tagSigningKeys,
		"Let the next signing key take over as soon as every verifier knows it; needs a console session"), h.rotate)
}

// signingKey is a signing key on the wire. Every member is always there.
type signingKey struct {
	ID         string     `json:"id" doc:"The kid." example:"key_7f3k9m2p5q8r1s4t6v0w2x4y6z"`
	Algorithm  string     `json:"algorithm" enum:"ES256,RS256,EdDSA"`
	State      string     `json:"state" enum:"next,active,retiring,gone" doc:"All but gone are published and accepted."`
	CreatedAt  time.Time  `json:"createdAt"`
	ActiveFrom time.Time  `json:"activeFrom" doc:"When it signs new tokens."`
	RetiresAt  *time.Time `json:"retiresAt" doc:"When the next one takes over. null: none stands ready."`
	GoneAt     *time.Time `json:"goneAt" doc:"When the last token that it may have signed has expired."`
}

func (h signingKeys) wire(l registry.KeyLife) signingKey {
	return signingKey{
		ID: l.ID, Algorithm: l.Algorithm, State: string(l.StateAt(h.now())), CreatedAt: l.CreatedAt.UTC(), ActiveFrom: l.ActiveFrom.UTC(),
		RetiresAt: timeOrNull(l.RetiresAt), GoneAt: timeOrNull(l.GoneAt),
	}
}

type listSigningKeysAnswer struct {
	Body struct {
		Items      []signingKey `json:"items" nullable:"false"`
		NextCursor *string      `json:"nextCursor" doc:"Always null: there are few."`
	}
}

func (h signingKeys) list(ctx context.Context, _ *struct{}) (*listSigningKeysAnswer, error) {
	lives, err := h.service.SigningKeys(ctx, actorOf(ctx))
	if err != nil {
		return nil, err
	}
	var answer listSigningKeysAnswer
	answer.Body.Items = make([]signingKey, len(lives))
	for i, l := range lives {
		answer.Body.Items[i] = h.wire(l)
	}
	return &answer, nil
}

type rotateSigningKeyAnswer struct {
	Body signingKey `doc:"The key that takes over, and when: activeFrom."`
}

func (h signingKeys) rotate(ctx context.Context, _ *struct{}) (*rotateSigningKeyAnswer, error) {
	takesOver, err := h.service.RotateSigningKey(ctx, actorOf(ctx))
	if err != nil {
		return nil, err
	}
	return &rotateSigningKeyAnswer{h.wire(takesOver)}, nil
}
