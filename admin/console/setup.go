package console

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"keywright/internal/web"
	"keywright/registry"
)

const setupPath = root + "/setup"

func setupPages(r router) { r.open(setupPath, setupForm, setUp) }

// setupLifetime is how long a set-up code is good.
const setupLifetime = time.Hour

// setupBytes is how much randomness a set-up code has: 120 bits. At a million
// guesses a second, the chance to meet it within its lifetime is below 1 in
// 10²⁶. So guesses are not counted: a count would keep nobody out but the
// operator, whom any stranger could make wait.
const setupBytes = 15

// Setup lets whoever knows the set-up code make the first organization and its
// owner. The code is printed where the operator sees it, as a link, goes into a
// form, and works once; its digest is kept in memory alone.
type Setup struct {
	service *registry.Service
	now     func() time.Time
	until   time.Time
	digest  [sha256.Size]byte

	mu   sync.Mutex
	over bool // there is an owner
}

// NewSetup returns a Setup and its code, or nil if the installation has a
// member: there is nothing to set up.
func NewSetup(ctx context.Context, service *registry.Service, now func() time.Time, random io.Reader) (*Setup, string, error) {
	empty, err := service.IsEmpty(ctx)
	if err != nil || !empty {
		return nil, "", err
	}
	var raw [setupBytes]byte
	if _, err := io.ReadFull(random, raw[:]); err != nil {
		return nil, "", fmt.Errorf("read randomness for a set-up code: %w", err)
	}
	text := base32.StdEncoding.EncodeToString(raw[:]) // 24 characters
	code := strings.Join([]string{text[:6], text[6:12], text[12:18], text[18:]}, "-")
	return &Setup{service: service, now: now, until: now().Add(setupLifetime), digest: digest(code)}, code, nil
}

// digest is that of a code, however it was typed.
func digest(code string) [sha256.Size]byte {
	code = strings.Map(func(r rune) rune {
		if r == '-' || r == ' ' {
			return -1
		}
		return r
	}, strings.ToUpper(code))
	return sha256.Sum256([]byte(code))
}

// needed tells whether there is still no owner. Once there is one it stays so,
// and the database is not asked again.
func (s *Setup) needed(ctx context.Context) bool {
	if s == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.over {
		empty, err := s.service.IsEmpty(ctx)
		s.over = err == nil && !empty
	}
	return !s.over
}

// check tells whether the code is right and in time.
func (s *Setup) check(code string) error {
	given := digest(code)
	wrong := subtle.ConstantTimeCompare(given[:], s.digest[:]) != 1
	if wrong || s.now().After(s.until) {
		return &registry.Error{Kind: registry.KindInvalid, Code: registry.CodeInvalidInput, Message: "the input breaks a rule", Fields: []registry.FieldError{
			{Field: "code", Message: "is wrong, or older than an hour: a restart of the server prints a new one"},
		}}
	}
	return nil
}

func setupForm(v *visit) error {
	if !v.Setup.needed(v.ctx()) {
		return v.done(signInPath, "This installation is set up already.")
	}
	return v.show(view{Page: "setup", Title: "Set up Keywright"})
}

func setUp(v *visit, f *form) error {
	if !v.Setup.needed(v.ctx()) {
		return v.done(signInPath, "This installation is set up already.")
	}
	var made registry.CreatedOrganization
	err := f.try(func() (err error) {
		if err := v.Setup.check(f.Text("code")); err != nil { // first, and for the price of a digest
			return err
		}
		made, err = v.Service.Bootstrap(v.ctx(), registry.Actor{
			Principal: registry.Principal{Kind: registry.ActorOperator}, Via: registry.ViaBootstrap,
			Address: web.ClientAddress(v.ctx()), RequestID: web.RequestID(v.ctx()),
		}, registry.OrganizationInput{Name: f.Text("organization"), Email: f.Text("email"), Password: f.Raw("password")})
		return err
	})
	switch {
	case f.Rejected():
		return v.show(view{Page: "setup", Title: "Set up Keywright", Form: f})
	case err != nil:
		return err
	}
	return v.show(view{Page: "setup_done", Title: "Keywright is set up", Data: setupDone{
		made.Organization.Name, made.Owner.Email, made.Password.Reveal(), made.AdminToken.Reveal(),
	}})
}

// setupDone is what the page after the set-up shows, once.
type setupDone struct{ Organization, Email, Password, AdminToken string }
