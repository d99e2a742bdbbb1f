package oauth_test

import (
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"keywright/registry"
	"keywright/storage/storagetest"
)

var loopback = netip.MustParseAddr("127.0.0.1")

// guessAt has somebody at that address guess at a client until the next wrong
// attempt from there is slowed down.
func (b *bed) guessAt(t *testing.T, clientID string, address netip.Addr) {
	t.Helper()
	for range 10_000 {
		if b.guard.Wrong(registry.Attempt{Name: clientID, Address: address}) > 0 {
			return
		}
	}
	t.Fatal("nobody who guesses is slowed down")
}

// guessEverywhere has many addresses guess at many clients, until every wrong
// attempt is slowed down.
func (b *bed) guessEverywhere(t *testing.T) {
	t.Helper()
	for i := range 10_000 {
		if b.guard.Wrong(registry.Attempt{Name: strconv.Itoa(i), Address: loopback}) > 0 {
			return
		}
	}
	t.Fatal("those who guess are not slowed down")
}

// wrongs are clients that fail for every reason that is hidden, each by cause.
func (b *bed) wrongs(t *testing.T) map[registry.Cause]party {
	t.Helper()
	revoked, deleted, rotated := b.another(t), b.another(t), b.another(t)
	_, err := b.service.RevokeClient(t.Context(), b.operator, revoked.ID, 0)
	must(t, err)
	must(t, b.service.DeleteClient(t.Context(), b.operator, deleted.ID, 0))
	_, _, err = b.service.RegenerateClient(t.Context(), b.operator, rotated.ID, registry.RegenerateInput{})
	must(t, err)
	return map[registry.Cause]party{
		registry.CauseUnknownClient: deleted,
		registry.CauseWrongSecret:   {b.another(t).ClientDetails, b.wide.secret},
		registry.CauseSecretRevoked: rotated,
		registry.CauseRevoked:       revoked,
	}
}

// TestTheWrongAreSlowedDownAlike looks at E11 and E12 in slow motion: the
// answers before and after the limit, whatever the cause.
func TestTheWrongAreSlowedDownAlike(t *testing.T) {
	t.Parallel()
	storagetest.Each(t, func(t *testing.T, dialect string) {
		b := newBed(t, dialect, registry.FormatJWT, "")
		var first, slowed []reply
		for cause, wrong := range b.wrongs(t) {
			var before []reply
			for len(before) < 1000 {
				r := b.post(t, pathToken, grant(), as(wrong))
				if r.status == http.StatusTooManyRequests {
					slowed = append(slowed, withoutID(r))
					break
				}
				b.refused(t, r, 401, "invalid_client")
				before = append(before, r)
			}
			first = append(first, reply{status: len(before)}, withoutID(before[0]), withoutID(before[len(before)-1]))
			for _, path := range []string{pathToken, pathIntrospect, pathRevoke} {
				r := b.post(t, path, grant("token", "x"), as(wrong))
				if got := b.refused(t, r, 429, "temporarily_unavailable"); got.Cause != cause {
					t.Errorf("%s: the error id says %v, want %v", path, got.Cause, cause)
				}
				slowed = append(slowed, withoutID(r))
			}
			if diff := cmp.Diff([][]reply{first[:3], slowed[:4]}, [][]reply{first[len(first)-3:], slowed[len(slowed)-4:]}, cmp.AllowUnexported(reply{})); diff != "" {
				t.Errorf("%v: other answers (-first +this):\n%s", cause, diff)
			}
		}
		measured := b.measured.taken()
		for _, want := range []string{
			"authentication client_secret_basic rate_limited", "token client_credentials rate_limited",
			"introspection client rate_limited", "revocation rate_limited",
		} {
			if !slices.Contains(measured, want) {
				t.Errorf("nothing is measured as %q", want)
			}
		}

		seconds, err := strconv.Atoi(slowed[0].header.Get("Retry-After"))
		must(t, err)
		b.clock.move(time.Duration(seconds) * time.Second)
		for _, wrong := range b.wrongs(t) {
			b.refused(t, b.post(t, pathToken, grant(), as(wrong)), 401, "invalid_client")
		}
	})
}

// TestTheRightAreNeverSlowedDown uses up every limit there is.
func TestTheRightAreNeverSlowedDown(t *testing.T) {
	t.Parallel()
	storagetest.Each(t, func(t *testing.T, dialect string) {
		b := newBed(t, dialect, registry.FormatOpaque, "")
		known, fresh, token := b.another(t), b.another(t), b.apiToken(t, registry.APITokenInput{})
		signs := b.keyed(t, "ES256", registry.ClientInput{})
		b.issue(t, known)
		b.active(t, b.server, token.text)
		b.guessEverywhere(t)
		b.guessAt(t, known.ID, loopback)
		b.guessAt(t, fresh.ID, loopback)
		b.guessAt(t, signs.ID, loopback)
		b.guessAt(t, "", netip.Addr{})
		for range 3 {
			access := b.issue(t, known).AccessToken
			b.issue(t, fresh)
			granted(t, signs.try(t, nil))
			b.active(t, b.server, access)
			b.active(t, b.all, token.text)
			b.active(t, b.all, b.apiToken(t, registry.APITokenInput{}).text)
			b.inactive(t, b.all, unknownAPIToken(t), registry.CauseUnknownToken)
			verify := verifyURL("audience", documents)
			b.passes(t, b.send(t, "GET", verify, nil, bearer(token.text)))
			b.stopped(t, b.send(t, "GET", verify, nil, bearer(unknownAPIToken(t))), 401, `error="invalid_token"`)
			if r := b.post(t, pathRevoke, values("token", access), as(known)); r.status != 200 {
				t.Errorf("revocation: got %d %s", r.status, r.body)
			}
			wrong := party{known.ClientDetails, b.wide.secret}
			b.refused(t, b.post(t, pathToken, grant(), as(wrong)), 429, "temporarily_unavailable")
			b.refused(t, signs.try(t, set{"iss": "another"}), 429, "temporarily_unavailable")
		}
	})
}

// TestGuessesCostTheSame counts what each wrong attempt costs the database,
// and what is left of it while guessing is limited.
func TestGuessesCostTheSame(t *testing.T) {
	t.Parallel()
	storagetest.Each(t, func(t *testing.T, dialect string) {
		b := newBed(t, dialect, registry.FormatJWT, "")
		wrongs := b.wrongs(t)
		attempts := func(status int, code, secret string, statements int64) {
			for cause, wrong := range wrongs {
				if secret != "" {
					wrong.secret, cause = secret, registry.CauseRateLimited
				}
				before := b.statements.Load()
				got := b.refused(t, b.post(t, pathToken, grant(), as(wrong)), status, code)
				if n := b.statements.Load() - before; n != statements || got.Cause != cause {
					t.Errorf("%d for %v: %d statements, cause %v, want %d", status, cause, n, got.Cause, statements)
				}
			}
		}
		b.settled(t)
		attempts(401, "invalid_client", "", 1)
		b.guessEverywhere(t)
		attempts(429, "temporarily_unavailable", "", 0) // remembered, those that nobody knows too
		attempts(429, "temporarily_unavailable", "misspelled", 0)

		for cause, wrong := range wrongs {
			want := 2 // what was looked up, if there is something to look up
			if cause == registry.CauseUnknownClient {
				want = 0
			}
			uses := b.uses.of(wrong.ID)
			if len(uses) != want || want > 0 && uses[0].Cause != cause {
				t.Errorf("%v: noted %+v, want %d failures", cause, uses, want)
			}
		}
	})
}

// TestTheLaneIsFull is about a right credential that nobody knows yet to be
// right: the answer is that nothing can be said.
func TestTheLaneIsFull(t *testing.T) {
	t.Parallel()
	b := newBed(t, storagetest.Dialects()[0], registry.FormatJWT, "")
	b.issue(t, b.reader)
	b.guessEverywhere(t)
	for i := range 4 {
		leave, err := b.guard.Enter(t.Context(), registry.Attempt{Name: strconv.Itoa(i)})
		must(t, err)
		defer leave()
	}
	b.refused(t, b.post(t, pathToken, grant(), as(b.wide)), 503, "temporarily_unavailable")
	b.issue(t, b.reader)
}
