package consoletest

import (
	"net/http"
	"testing"
	"time"
)

// TestGuidedRotation replaces a secret without interruption: add a second one,
// test it, watch the old one go quiet, delete it. Both are used meanwhile.
// That a secret which was quiet for long enough is deleted unforced is shown
// by TestRotationSteps of package console, whose clock can be moved.
func TestGuidedRotation(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *site) {
		made := s.makeClient(t, map[string]any{"name": "Importer", "scopes": []string{"documents"}})
		id, old := made.ClientID, made.Secrets[0].Hint
		rotation := "/console/clients/" + id + "/rotation"
		s.accessToken(t, id, made.ClientSecret)
		s.used(t, id, 0, 1)
		p := s.signIn(t)
		p.open("/console/clients/" + id + "/credentials")
		p.sees(old)
		p.check()
		p.press("Rotate step by step")
		p.arrives(rotation)
		p.step("Add a second secret")
		p.check()
		p.press("Add a secret")
		p.sees("It is shown once, works beside")
		p.check()
		p.press("Add the secret")
		secret := p.shown("the client secret")
		p.until("show it in a dialog", `document.querySelector("dialog:modal")`)
		p.press("Done")
		p.arrives(rotation)
		p.step("Test it, and deploy it")
		p.sees("It was not used yet.")
		p.check()

		s.accessToken(t, id, made.ClientSecret) // the service goes on with the old one
		s.used(t, id, 0, 2)
		p.press("Look again")
		p.step("Test it, and deploy it")
		s.accessToken(t, id, secret) // and the new one is tried
		s.used(t, id, 1, 1)
		p.press("Look again")
		p.step("Watch the old one go quiet")
		p.sees("works: it was last used")
		p.sees("it counts as out of use at")
		p.check()
		p.screenshot("client-rotation")

		for range 3 { // the service has the new one now
			s.accessToken(t, id, secret)
		}
		s.used(t, id, 1, 4)
		p.press("Look again")
		p.step("Watch the old one go quiet")
		if got := s.secretUses(t, id)[0]; got != 2 {
			t.Errorf("the old secret has %d uses, the last of which was the second", got)
		}
		p.press("Delete " + old)
		p.sees("It is in use.")
		p.check()
		p.press("Delete the secret")
		p.sees("or force")
		p.check()
		p.tick("Delete it although it is in use")
		p.press("Delete the secret")
		p.sees("The secret was deleted.")
		p.arrives(rotation)
		p.step("Add a second secret") // of the next rotation
		p.check()
		s.expectExchange(t, id, made.ClientSecret, http.StatusUnauthorized)
		s.expectExchange(t, id, secret, http.StatusOK)
	})
}

// TestRegenerateWithOverlap lets the older secret live on for a day.
func TestRegenerateWithOverlap(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *site) {
		made := s.makeClient(t, map[string]any{"name": "Importer", "scopes": []string{"documents"}})
		p := s.signIn(t)
		p.open("/console/clients/" + made.ClientID + "/credentials")
		p.press("Regenerate")
		p.choose("The older secrets live on for", "24 hours")
		p.check()
		p.press("Regenerate")
		fresh := p.shown("the client secret")
		p.press("Done")
		p.sees("retires")
		p.sees("in 23 h 59 min")
		p.check()
		p.screenshot("client-credentials")
		p.lacks(fresh)
		s.expectExchange(t, made.ClientID, made.ClientSecret, http.StatusOK)
		s.expectExchange(t, made.ClientID, fresh, http.StatusOK)
		p.press("Regenerate")
		p.sees("2 live secrets are hit")
		p.press("Regenerate") // without overlap
		p.press("Done")
		p.arrives("/console/clients/" + made.ClientID + "/credentials")
		s.expectExchange(t, made.ClientID, made.ClientSecret, http.StatusUnauthorized)
		s.expectExchange(t, made.ClientID, fresh, http.StatusUnauthorized)
	})
}

// step waits until the guided path stands at that step.
func (p *tab) step(heading string) {
	p.t.Helper()
	p.until("the step "+heading, `(document.querySelector("[aria-current=step] h2") ?? {}).textContent === `+quote(heading))
}

// used waits until so many uses of the client's nth secret were counted.
func (s *site) used(t *testing.T, clientID string, nth int, uses int64) {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		got := s.secretUses(t, clientID)
		if got[nth] >= uses {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("the secrets of %s have %v uses, want %d of secret %d", clientID, got, uses, nth)
		}
	}
}

// secretUses are how often each secret of a client was used, oldest first.
func (s *site) secretUses(t *testing.T, clientID string) []int64 {
	t.Helper()
	var c struct{ Secrets []struct{ UsageCount int64 } }
	s.call(t, http.MethodGet, "/v1/clients/"+clientID, nil, &c)
	uses := make([]int64, len(c.Secrets))
	for i, secret := range c.Secrets {
		uses[i] = secret.UsageCount
	}
	return uses
}
