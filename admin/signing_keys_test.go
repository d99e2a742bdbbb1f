package admin_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"keywright/registry"
)

// signingKeys are the states of the signing keys, in order.
func (in *installation) signingKeys(t *testing.T) (states []string, keys []map[string]any) {
	t.Helper()
	items, _ := in.call(t, in.acme.admin, "GET", "/v1/signing-keys", "").want(t, 200, "").body["items"].([]any)
	for _, item := range items {
		key := item.(map[string]any)
		keys, states = append(keys, key), append(states, key["state"].(string))
	}
	return states, keys
}

func (in *installation) wantStates(t *testing.T, want ...string) []map[string]any {
	t.Helper()
	got, keys := in.signingKeys(t)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
	return keys
}

func TestRotateSigningKey(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		person := in.console(t, in.acme)
		rotate := func() reply { return in.call(t, person, "POST", "/v1/signing-keys/rotate", "").want(t, 200, "") }
		lead := registry.KeyLead
		at := func(d time.Duration) string { return in.clock.now().Add(d).Format(time.RFC3339) }

		// None stands ready: the new one must be published first.
		first := in.wantStates(t, "active")[0]
		r := rotate()
		if r.text("state") != "next" || r.text("activeFrom") != at(lead) || r.body["retiresAt"] != nil {
			t.Errorf("got %s, want a key that is active from %s", r.raw, at(lead))
		}
		keys := in.wantStates(t, "active", "next")
		if keys[0]["id"] != first["id"] || keys[0]["retiresAt"] != at(lead) || keys[0]["goneAt"] != at(registry.MaxTokenTTL+2*lead) {
			t.Errorf("the active key: got %v", keys[0])
		}

		// Again, while that one is about to take over: the same answer, and nothing else.
		if again := rotate(); again.raw != r.raw {
			t.Errorf("again: got %s, want %s", again.raw, r.raw)
		}
		in.wantStates(t, "active", "next")
		if n := in.audited(t, in.acme, "signing_key.rotate", "done", ""); n != 1 {
			t.Errorf("%d events, want 1: the second call changed nothing", n)
		}

		// When it is active a new one is put behind it; once that is known, it may
		// take over at once.
		in.clock.advance(lead)
		in.wantStates(t, "retiring", "active")
		rotate()
		in.clock.advance(lead)
		in.wantStates(t, "retiring", "retiring", "active")
		rotate()
		in.clock.advance(lead - time.Second)
		in.wantStates(t, "retiring", "retiring", "active", "next")
		if n := in.audited(t, in.globex, "signing_key.rotate", "done", ""); n != 0 {
			t.Errorf("%d events in the other organization", n)
		}
	})
}

// TestRotateToTheStandingKey rotates where a next key has been known for long.
func TestRotateToTheStandingKey(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		must(t, in.vault.Rotate(t.Context()))
		in.clock.advance(24 * time.Hour)
		person, standing := in.console(t, in.acme), in.wantStates(t, "active", "next")[1]
		r := in.call(t, person, "POST", "/v1/signing-keys/rotate", "").want(t, 200, "")
		if r.text("id") != standing["id"] || r.text("state") != "active" || r.text("activeFrom") != in.clock.now().Format(time.RFC3339) {
			t.Errorf("got %s, want %s at once", r.raw, standing["id"])
		}
		in.wantStates(t, "retiring", "active", "next")
		events := in.call(t, in.acme.admin, "GET", "/v1/audit-events?action=signing_key.rotate", "").want(t, 200, "")
		for _, text := range []string{`"targetId":"` + r.text("id") + `"`, `"targetKind":"key"`, `"activeFrom":"` + r.text("activeFrom") + `"`} {
			if !strings.Contains(events.raw, text) {
				t.Errorf("the event lacks %s: %s", text, events.raw)
			}
		}
		for _, secret := range []string{"sealed", "private", "PRIVATE"} {
			if strings.Contains(events.raw+r.raw+in.journal.String(), secret) {
				t.Errorf("%q is told", secret)
			}
		}
	})
}

// TestTooManyRetiringKeys bounds what verifiers have to load.
func TestTooManyRetiringKeys(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		rotate := func() reply {
			must(t, in.vault.Rotate(t.Context()))
			in.clock.advance(registry.KeyLead)
			return in.call(t, in.console(t, in.acme), "POST", "/v1/signing-keys/rotate", "")
		}
		for range 10 {
			rotate().want(t, 200, "")
		}
		r := rotate().want(t, 409, "conflict")
		if detail := r.text("detail"); !strings.Contains(detail, "10 signing keys are retiring") {
			t.Errorf("detail: got %q", detail)
		}
		if n := in.audited(t, in.acme, "signing_key.rotate", "refused", "conflict"); n != 1 {
			t.Errorf("%d refusals are audited, want 1", n)
		}
		in.clock.advance(registry.MaxTokenTTL + registry.KeyLead)
		rotate().want(t, 200, "")
	})
}
