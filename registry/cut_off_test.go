package registry_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"keywright/registry"
)

// TestCutOffRaces issues without pause while a change happens. A token whose
// client was read before the change must be dead afterwards, one read after it
// must live, with the clock going back and forth.
func TestCutOffRaces(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		me := owner(w.one)
		for name, change := range map[string]func(ctx context.Context, id, oldSecret string) (secret string, err error){
			"disable and enable": func(ctx context.Context, id, secret string) (string, error) {
				if _, err := w.UpdateClient(ctx, me, id, registry.ClientPatch{IsActive: ptr(false)}, 0); err != nil {
					return "", err
				}
				_, err := w.UpdateClient(ctx, me, id, registry.ClientPatch{IsActive: ptr(true)}, 0)
				return secret, err
			},
			"regenerate": func(ctx context.Context, id, _ string) (string, error) {
				_, s, err := w.RegenerateClient(ctx, me, id, registry.RegenerateInput{})
				return s.Reveal(), err
			},
			"delete the secret": func(ctx context.Context, id, _ string) (string, error) {
				d, err := w.Client(ctx, me, id)
				if err != nil {
					return "", err
				}
				_, s, err := w.AddSecret(ctx, me, id, time.Time{})
				if err != nil {
					return "", err
				}
				return s.Reveal(), w.DeleteSecret(ctx, me, id, d.Secrets[0].ID, true)
			},
			"revoke": func(ctx context.Context, id, secret string) (string, error) {
				_, err := w.RevokeClient(ctx, me, id, 0)
				return "", err
			},
			"delete": func(ctx context.Context, id, secret string) (string, error) {
				return "", w.DeleteClient(ctx, me, id, 0)
			},
			"revoke all": func(ctx context.Context, id, secret string) (string, error) {
				_, err := w.RevokeAllClients(ctx, me, registry.RevokeAllInput{CreatedBy: me.ID})
				return "", err
			},
		} {
			d, secret := w.client(registry.ClientInput{Name: name})
			race(t, w, name, d.ID, secret, change)
		}
	})
}

func race(t *testing.T, w *world, name, clientID, secret string, change func(context.Context, string, string) (string, error)) {
	t.Helper()
	ctx := t.Context()
	stop, issuedOnce := make(chan struct{}), make(chan struct{})
	var once sync.Once
	var mu sync.Mutex
	var tokens []registry.AccessToken
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				w.clock.add(time.Duration(1-2*(n%2)) * time.Duration(i+1) * time.Second)
				if token, err := w.issue(ctx, clientID, secret); err == nil {
					mu.Lock()
					tokens = append(tokens, token)
					mu.Unlock()
					once.Do(func() { close(issuedOnce) })
				}
			}
		})
	}
	<-issuedOnce
	fresh, err := change(ctx, clientID, secret)
	close(stop)
	wg.Wait()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	cutOff := w.position()
	for _, token := range tokens {
		// Only a change that leaves the secret good lets later tokens live.
		want := fresh == secret && token.Rev >= cutOff
		if cause := w.worth(token); (cause == registry.CauseNone) != want {
			t.Errorf("%s at position %d: a token read at %d is %v, want it alive: %v", name, cutOff, token.Rev, cause, want)
		}
	}
	if fresh == "" {
		return
	}
	token, err := w.issue(ctx, clientID, fresh)
	if err != nil {
		t.Fatalf("%s: issue after it: %v", name, err)
	}
	if got := w.worth(token); got != registry.CauseNone {
		t.Errorf("%s: a token read after it is dead: %v", name, got)
	}
}

// position is the feed position in force.
func (w *world) position() registry.Position {
	w.t.Helper()
	d, _ := w.client(registry.ClientInput{Name: "position"})
	state, err := w.db.ClientState(w.t.Context(), d.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	return state.Rev - 1
}
