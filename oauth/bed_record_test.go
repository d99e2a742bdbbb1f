package oauth_test

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"keywright/registry"
)

// clock is a clock that stands until it is moved.
type clock struct{ micros atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.micros.Store(time.Date(2031, 3, 4, 5, 6, 7, 890_123_000, time.UTC).UnixMicro())
	return c
}

// Now is the time the clock shows.
func (c *clock) Now() time.Time { return time.UnixMicro(c.micros.Load()).UTC() }

func (c *clock) move(d time.Duration) { c.micros.Add(d.Microseconds()) }

// uses is a registry.Recorder that keeps all it is told.
type uses struct {
	mu  sync.Mutex
	all []registry.Use
}

// Record implements registry.Recorder.
func (u *uses) Record(use registry.Use) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.all = append(u.all, use)
}

// of returns the uses of one client so far.
func (u *uses) of(clientID string) []registry.Use {
	u.mu.Lock()
	defer u.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(u.all), func(x registry.Use) bool { return x.ID != clientID })
}

// measured is an oauth.Metrics that keeps all it is told.
type measured struct {
	mu  sync.Mutex
	all []string
}

func (m *measured) note(parts ...string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.all = append(m.all, strings.Join(parts, " "))
}

// TokenRequest implements oauth.Metrics.
func (m *measured) TokenRequest(grantType, outcome string, _ time.Duration) {
	m.note("token", grantType, outcome)
}

// Introspection implements oauth.Metrics.
func (m *measured) Introspection(credentialType, outcome string, _ time.Duration) {
	m.note("introspection", credentialType, outcome)
}

// Revocation implements oauth.Metrics.
func (m *measured) Revocation(outcome string) { m.note("revocation", outcome) }

// Verification implements oauth.Metrics.
func (m *measured) Verification(outcome string) { m.note("verification", outcome) }

// ClientAuthentication implements oauth.Metrics.
func (m *measured) ClientAuthentication(method, outcome string) {
	m.note("authentication", method, outcome)
}

// taken returns what was noted since the last call.
func (m *measured) taken() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := m.all
	m.all = nil
	return all
}
