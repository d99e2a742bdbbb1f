package consoletest

import (
	"net/http"
	"testing"
	"time"
)

// TestOverview counts what clients did a moment ago. What takes months to show
// is shown by TestOddUseIsShown of package console, whose clock can be moved.
func TestOverview(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *site) {
		made := s.makeClient(t, map[string]any{
			"name": "Importer", "scopes": []string{"documents"}, "expiresAt": time.Now().UTC().AddDate(0, 0, 10).Format(time.RFC3339),
		})
		for range 3 {
			s.accessToken(t, made.ClientID, made.ClientSecret)
		}
		s.expectExchange(t, made.ClientID, "wrong", http.StatusUnauthorized)
		s.used(t, made.ClientID, 0, 3)
		s.failed(t, made.ClientID)
		p := s.signIn(t)
		p.sees("tokens issued or accepted in 24 hours")
		p.sees("tokens issued or accepted in 30 days")
		p.sees("failures in 24 hours (1)")
		p.sees("1 expire within 30 days")
		p.sees("0 unused for 90 days")
		p.sees("Importer 3 1") // of what is used most
		p.sees("client.create Importer")
		p.check()
		p.screenshot("overview")
		p.click("see what expires", `document.querySelector('main a[href="/console/clients?expiringWithin=30"]')`)
		p.arrives("/console/clients")
		p.sees("Importer")
	})
}

// failed waits until a failure of the client was counted.
func (s *site) failed(t *testing.T, clientID string) {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		var c struct{ FailureCount int64 }
		s.call(t, http.MethodGet, "/v1/clients/"+clientID, nil, &c)
		if c.FailureCount > 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("no failure of %s was counted", clientID)
		}
	}
}
