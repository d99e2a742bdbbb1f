package oauth_test

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"keywright/internal/testpg"
	"keywright/oauth"
	"keywright/registry"
	"keywright/storage"
	"keywright/storage/storagetest"
)

// TestFositeStaysInThePath holds that no endpoint goes around fosite: each
// request passes it once, and what fosite refuses is not answered.
func TestFositeStaysInThePath(t *testing.T) {
	t.Parallel()
	for _, format := range []string{registry.FormatJWT, registry.FormatOpaque} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			b := newBed(t, storagetest.SQLite, format, "")
			token := b.issue(t, b.reader).AccessToken
			b.refused(t, b.post(t, pathToken, grant("scope", "root"), as(b.reader)), 400, "invalid_scope")
			b.active(t, b.server, token)
			b.inactive(t, b.server, "x", registry.CauseMalformedToken)
			b.revoke(t, b.reader, token)

			f := b.fosite
			got := []int64{
				f.AccessRequests.Load(), f.AccessResponses.Load(), f.Authentications.Load(),
				f.Introspections.Load(), f.Revocations.Load(),
			}
			if diff := cmp.Diff([]int64{2, 1, 2, 2, 1}, got); diff != "" {
				t.Errorf("passed fosite (-want +got):\n%s", diff)
			}

			token = b.issue(t, b.reader).AccessToken
			f.Fail = errors.New("fosite says no")
			b.refused(t, b.post(t, pathToken, grant(), as(b.reader)), 503, "temporarily_unavailable")
			b.refused(t, b.post(t, pathIntrospect, values("token", token), as(b.server)), 503, "temporarily_unavailable")
			b.refused(t, b.post(t, pathRevoke, values("token", token), as(b.reader)), 503, "temporarily_unavailable")
			f.Fail = nil
			b.active(t, b.server, token)
		})
	}
}

func TestMetricsComeFromBoundedSets(t *testing.T) {
	t.Parallel()
	b := newBed(t, storagetest.SQLite, registry.FormatOpaque, "")
	hostile := "x" + strings.Repeat("y", 99)
	wrong := party{b.reader.ClientDetails, hostile}
	token := b.issue(t, b.reader).AccessToken
	for name, c := range map[string]struct {
		do   func()
		want []string
	}{
		"issue": {func() { b.issue(t, b.reader) }, []string{
			"authentication client_secret_basic accepted", "token client_credentials issued",
		}},
		"wrong secret": {func() { b.post(t, pathToken, grant(), as(wrong)) }, []string{
			"authentication client_secret_basic wrong_secret", "token client_credentials invalid_client",
		}},
		"no method":     {func() { b.post(t, pathToken, grant()) }, []string{"authentication none no_credential", "token client_credentials invalid_client"}},
		"another grant": {func() { b.post(t, pathToken, values("grant_type", hostile)) }, []string{"token other unsupported_grant_type"}},
		"active": {func() { b.active(t, b.server, token) }, []string{
			"authentication client_secret_basic accepted", "introspection client active",
		}},
		"inactive": {func() { b.inactive(t, b.server, hostile, registry.CauseMalformedToken) }, []string{
			"authentication client_secret_basic accepted", "introspection client inactive",
		}},
		"active API token": {func() { b.active(t, b.all, b.adminToken) }, []string{
			"authentication client_secret_basic accepted", "introspection api_token active",
		}},
		"inactive API token": {func() { b.inactive(t, b.server, b.adminToken, registry.CauseOtherAudience) }, []string{
			"authentication client_secret_basic accepted", "introspection api_token inactive",
		}},
		"revoke": {func() { b.revoke(t, b.reader, hostile) }, []string{
			"authentication client_secret_basic accepted", "revocation revoked",
		}},
	} {
		b.measured.taken()
		c.do()
		// The answer may arrive before the last note is taken.
		got := b.measured.taken()
		for deadline := time.Now().Add(5 * time.Second); len(got) < len(c.want) && time.Now().Before(deadline); {
			got = append(got, b.measured.taken()...)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestPostgresStops holds that a database that is down is no answer, and that
// its coming back needs no restart.
func TestPostgresStops(t *testing.T) {
	t.Parallel()
	server := testpg.Start(t)
	url := server.New(t)
	db, err := storage.Open(t.Context(), storage.Config{URL: url, Logger: slog.New(slog.DiscardHandler)})
	must(t, err)
	must(t, db.Migrate(context.Background()))
	must(t, db.Close())
	b := newBedOn(t, url, registry.FormatJWT, "")
	token := b.issue(t, b.reader).AccessToken

	server.Stop(t)
	b.eventually(t, "the lease has run out", func() bool { return !b.copy.Usable() }) // until then there are answers
	for range 3 {
		b.refused(t, b.post(t, pathToken, grant(), as(b.reader)), 503, "temporarily_unavailable")
		b.refused(t, b.post(t, pathIntrospect, values("token", token), as(b.server)), 503, "temporarily_unavailable")
		b.refused(t, b.post(t, pathRevoke, values("token", token), as(b.reader)), 503, "temporarily_unavailable")
	}
	server.Restart(t)
	b.active(t, b.server, token)
	b.revoke(t, b.reader, token)
	b.inactive(t, b.server, token, registry.CauseTokenRevoked)
}

func TestUseIsNoted(t *testing.T) {
	t.Parallel()
	b := newBed(t, storagetest.SQLite, registry.FormatJWT, "")
	b.inactive(t, b.server, b.issue(t, b.reader).AccessToken+"x", registry.CauseMalformedToken)
	counted := func(p party) (n int) {
		for _, use := range b.uses.of(p.ID) {
			if use.SecretID != p.Secrets[0].ID || !use.Address.IsLoopback() {
				t.Errorf("use without its secret or address: %+v", use)
			}
			if use.Counted {
				n++
			}
		}
		return n
	}
	if got := counted(b.reader); got != 1 {
		t.Errorf("one token was issued, %d uses were counted", got)
	}
	if got := counted(b.server); got != 0 || len(b.uses.of(b.server.ID)) != 1 {
		t.Errorf("a caller that introspects: %d uses counted, %d noted", got, len(b.uses.of(b.server.ID)))
	}
}

func TestNewRefusesABadIssuer(t *testing.T) {
	t.Parallel()
	b := newBed(t, storagetest.SQLite, registry.FormatJWT, "")
	for _, issuer := range []string{
		"", "id.example.com", "ftp://id.example.com", "https://", "https://u@id.example.com", "https://id.example.com?x",
		"https://id.example.com#x", "https://id.example.com/:tenant", "https://id.example.com/*any", "https://id.example.com/%2e",
	} {
		_, err := oauth.New(oauth.Config{
			Issuer: issuer, Authenticator: registry.NewAuthenticator(registry.AuthenticatorConfig{HotPath: b.db, Assertions: b.db, Peppers: b.keys.Peppers(), Uses: b.uses, Now: b.clock.Now}),
			Revoker: b.service, Keys: b.ring, Now: b.clock.Now, Random: rand.Reader,
		})
		if err == nil || !strings.Contains(err.Error(), "issuer") {
			t.Errorf("issuer %q: got error %v", issuer, err)
		}
	}
	if _, err := oauth.New(oauth.Config{Issuer: "https://id.example.com"}); err == nil {
		t.Error("a Config without its parts was accepted")
	}
}

// TestSecretsStayOutOfTheLog looks for every secret and token of a short run.
func TestSecretsStayOutOfTheLog(t *testing.T) {
	t.Parallel()
	b := newBed(t, storagetest.SQLite, registry.FormatJWT, "")
	token := b.issue(t, b.reader).AccessToken
	b.active(t, b.server, token)
	b.revoke(t, b.reader, token)
	b.post(t, pathToken+"?client_secret="+b.wide.secret, grant("client_id", b.reader.ID, "client_secret", b.reader.secret))
	log := b.log.String()
	if !strings.Contains(log, pathIntrospect) {
		t.Fatal("nothing was logged")
	}
	found := slices.DeleteFunc([]string{token, b.reader.secret, b.server.secret, b.wide.secret}, func(secret string) bool {
		return !strings.Contains(log, secret)
	})
	if len(found) > 0 {
		t.Errorf("%d secrets are in the log", len(found))
	}
}
