package registry_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"keywright/registry"
)

const aDay = 24 * time.Hour

// warned gives what is due and returns what the audit has of it since the
// last call, oldest first: action and window of everything but the API tokens
// of bootstrap.
func (w *world) warned(t *testing.T) []string {
	t.Helper()
	if _, err := w.GiveWarnings(t.Context(), registry.Server()); err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, e := range w.said(t) {
		var after struct{ Within string }
		if err := json.Unmarshal(e.After, &after); err != nil {
			t.Fatal(err)
		}
		said = append(said, strings.TrimSpace(e.Action+" "+after.Within))
	}
	return said
}

// said returns the events of the server about the first organization that
// were not returned before, oldest first.
func (w *world) said(t *testing.T) []registry.AuditEvent {
	t.Helper()
	list, err := w.AuditEvents(t.Context(), owner(w.one), registry.AuditQuery{Actor: registry.ActorServer, Limit: 200})
	if err != nil {
		t.Fatal(err)
	}
	var fresh []registry.AuditEvent
	for _, e := range list.Items {
		if e.Position > w.heard && e.Outcome == registry.OutcomeDone {
			fresh = append(fresh, e)
		}
	}
	if len(fresh) > 0 {
		w.heard = fresh[0].Position
	}
	slices.Reverse(fresh)
	return slices.DeleteFunc(fresh, func(e registry.AuditEvent) bool { return strings.HasPrefix(e.Action, "api_token.rotation") })
}

func wantSaid(t *testing.T, when string, got []string, want ...string) {
	t.Helper()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %q, want %q", when, got, want)
	}
}

func TestAnExpiryIsWarnedOfOnceInEachWindow(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		start := w.clock.Now()
		d, _ := w.client(registry.ClientInput{ExpiresAt: start.Add(40 * aDay)})
		wantSaid(t, "40 days before", w.warned(t))
		for _, step := range []struct {
			day  int
			want []string
		}{
			{10, []string{"client.expiring 30d"}}, {11, nil}, {33, []string{"client.expiring 7d"}}, {34, nil},
			{39, []string{"client.expiring 1d"}}, {39, nil}, {41, nil},
		} {
			w.clock.set(start.Add(time.Duration(step.day) * aDay))
			wantSaid(t, time.Duration(step.day).String(), w.warned(t), step.want...)
		}
		events, err := w.AuditEvents(t.Context(), owner(w.one), registry.AuditQuery{TargetID: d.ID, Actor: registry.ActorServer})
		if err != nil || len(events.Items) != 3 {
			t.Fatalf("got %d events about the client, %v", len(events.Items), err)
		}
		if e := events.Items[0]; e.Actor != (registry.Principal{Kind: "server"}) || e.TargetKind != registry.FeedClient {
			t.Errorf("got %+v", e)
		}
	})
}

func TestAMovedExpiryIsWarnedOfAnew(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		start := w.clock.Now()
		// Made within two windows at once: the narrower one alone.
		token, _, err := w.CreateAPIToken(t.Context(), owner(w.one), registry.APITokenInput{
			Name: "soon gone", ExpiresAt: start.Add(5 * aDay), Scopes: []string{"a"}, Permissions: []string{"read"},
		})
		if err != nil {
			t.Fatal(err)
		}
		wantSaid(t, "made", w.warned(t), "api_token.expiring 7d")
		for _, days := range []int{20, 5} { // 5 is what it was, and was warned of
			expiry := start.Add(time.Duration(days) * aDay)
			if _, err := w.UpdateAPIToken(t.Context(), owner(w.one), token.ID, registry.APITokenPatch{ExpiresAt: &expiry}, 0); err != nil {
				t.Fatal(err)
			}
			want := map[int][]string{20: {"api_token.expiring 30d"}}[days]
			wantSaid(t, "moved", w.warned(t), want...)
		}
		if err := w.DeleteAPIToken(t.Context(), owner(w.one), token.ID, 0); err != nil {
			t.Fatal(err)
		}
		w.clock.add(4*aDay + time.Hour)
		wantSaid(t, "deleted", w.warned(t))
	})
}

func TestWhatIsNotWarnedOf(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		me, soon := owner(w.one), w.clock.Now().Add(3*aDay)
		revoked, _ := w.client(registry.ClientInput{ExpiresAt: soon})
		if _, err := w.RevokeClient(t.Context(), me, revoked.ID, 0); err != nil {
			t.Fatal(err)
		}
		w.client(registry.ClientInput{ExpiresAt: soon, ConfirmRequired: true})
		// A secret that another outlives, as in a rotation.
		rotated, _ := w.client(registry.ClientInput{})
		if _, _, err := w.RegenerateClient(t.Context(), me, rotated.ID, registry.RegenerateInput{Overlap: 3 * aDay}); err != nil {
			t.Fatal(err)
		}
		wantSaid(t, "at first", w.warned(t))
		// Its last secret expires.
		added, _, err := w.AddSecret(t.Context(), me, rotated.ID, soon.Add(aDay))
		if err != nil {
			t.Fatal(err)
		}
		d, err := w.Client(t.Context(), me, rotated.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range d.Secrets {
			if s.ExpiresAt.IsZero() {
				if err := w.DeleteSecret(t.Context(), me, rotated.ID, s.ID, true); err != nil {
					t.Fatal(err)
				}
			}
		}
		wantSaid(t, "then", w.warned(t), "client.secret.expiring 7d")
		events, err := w.AuditEvents(t.Context(), me, registry.AuditQuery{TargetID: rotated.ID, Actor: registry.ActorServer})
		if err != nil || len(events.Items) != 1 || !strings.Contains(string(events.Items[0].After), added.ID) {
			t.Errorf("got %v, %v", events.Items, err)
		}
	})
}

func TestRotationIsWarnedOfOncePerValue(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		d, _ := w.client(registry.ClientInput{})
		w.clock.add(registry.DefaultRotationAge - time.Second)
		wantSaid(t, "a second before", w.warned(t))
		w.clock.add(time.Second)
		wantSaid(t, "due", w.warned(t), "client.rotation_due")
		w.clock.add(aDay)
		wantSaid(t, "a day later", w.warned(t))
		if _, _, err := w.RegenerateClient(t.Context(), owner(w.one), d.ID, registry.RegenerateInput{}); err != nil {
			t.Fatal(err)
		}
		wantSaid(t, "regenerated", w.warned(t))
		w.clock.add(registry.DefaultRotationAge)
		wantSaid(t, "due again", w.warned(t), "client.rotation_due")
	})
}

func TestReplicasWarnOnceTogether(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		const clients = 5
		for range clients {
			w.client(registry.ClientInput{ExpiresAt: w.clock.Now().Add(aDay)})
		}
		var replicas errgroup.Group
		var given [3]int
		for i := range given {
			replicas.Go(func() (err error) {
				given[i], err = w.GiveWarnings(t.Context(), registry.Server())
				return err
			})
		}
		if err := replicas.Wait(); err != nil {
			t.Fatal(err)
		}
		if got := given[0] + given[1] + given[2]; got != clients {
			t.Errorf("got %v warnings, want %d in all", given, clients)
		}
		if got := len(w.said(t)); got != clients {
			t.Errorf("got %d events, want %d", got, clients)
		}
		reports, err := w.VerifyAudit(t.Context(), operator(), w.one.Organization.ID, nil)
		if err != nil || reports[0].Fault != nil {
			t.Errorf("the chain: %v, %v", reports, err)
		}
	})
}

func TestWarningsOfWhatIsBeingDeleted(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		var ids []string
		for range 20 {
			d, _ := w.client(registry.ClientInput{ExpiresAt: w.clock.Now().Add(aDay)})
			ids = append(ids, d.ID)
		}
		var group errgroup.Group
		group.Go(func() error {
			for _, id := range slices.Backward(ids) {
				if err := w.DeleteClient(t.Context(), owner(w.one), id, 0); err != nil {
					return err
				}
			}
			return nil
		})
		group.Go(func() error {
			_, err := w.GiveWarnings(t.Context(), registry.Server())
			return err
		})
		if err := group.Wait(); err != nil {
			t.Fatal(err)
		}
		for _, e := range w.said(t) {
			if e.Action != "client.expiring" {
				t.Errorf("the server said %s", e.Action)
			}
		}
	})
}

func TestOnlyTheServerWarns(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.client(registry.ClientInput{ExpiresAt: w.clock.Now().Add(aDay)})
		for _, actor := range []registry.Actor{owner(w.one), machine(t, w.one, ""), operator(), {}} {
			if _, err := w.GiveWarnings(t.Context(), actor); err == nil || registry.KindOf(err) != registry.KindForbidden {
				t.Errorf("%s: got %v, want it forbidden", actor.Kind, err)
			}
			if _, err := w.CredentialCounts(t.Context(), actor); err == nil || registry.KindOf(err) != registry.KindForbidden {
				t.Errorf("%s: got %v, want it forbidden", actor.Kind, err)
			}
		}
		// And the server does nothing else.
		server := registry.Server()
		server.OrganizationID = w.one.Organization.ID
		if _, _, err := w.CreateClient(t.Context(), server, registry.ClientInput{Name: "x", Scopes: []string{"a"}}); err == nil {
			t.Error("the server made a client")
		}
		if _, err := w.Organization(t.Context(), server); err == nil {
			t.Error("the server read an organization")
		}
	})
}

func TestCredentialCounts(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		now := w.clock.Now()
		for _, days := range []int{1, 7, 7, 30, 31} {
			w.client(registry.ClientInput{ExpiresAt: now.Add(time.Duration(days) * aDay)})
		}
		gone, _ := w.client(registry.ClientInput{ConfirmRequired: true})
		revoked, _ := w.client(registry.ClientInput{})
		if _, err := w.RevokeClient(t.Context(), owner(w.one), revoked.ID, 0); err != nil {
			t.Fatal(err)
		}
		counts := w.counts(t)
		wantCount(t, counts, registry.CredentialClient, registry.StatusActive, 5)
		wantCount(t, counts, registry.CredentialClient, registry.StatusRevoked, 1)
		wantCount(t, counts, registry.CredentialClient, registry.StatusPending, 1)
		wantCount(t, counts, registry.CredentialAPIToken, registry.StatusActive, 2) // of bootstrap
		for i, want := range []int64{1, 3, 4} {
			if got := counts.Expiring(registry.CredentialClient, registry.ExpiryWindows[i]); got != want {
				t.Errorf("got %d that expire within %s, want %d", got, registry.ExpiryWindows[i].Name, want)
			}
		}
		w.clock.add(registry.DefaultRotationAge)
		counts = w.counts(t)
		wantCount(t, counts, registry.CredentialClient, registry.StatusPending, 0) // gone
		wantCount(t, counts, registry.CredentialClient, registry.StatusExpired, 5)
		if got := counts.RotationDue(); got != 2 { // the API tokens of bootstrap
			t.Errorf("got %d due for rotation after %s, want 2", got, gone.ID)
		}
	})
}

func (w *world) counts(t *testing.T) registry.CredentialCounts {
	t.Helper()
	counts, err := w.CredentialCounts(t.Context(), registry.Server())
	if err != nil {
		t.Fatal(err)
	}
	return counts
}

func wantCount(t *testing.T, counts registry.CredentialCounts, kind string, status registry.Status, want int64) {
	t.Helper()
	if got := counts.Of(kind, status); got != want {
		t.Errorf("got %d %s %s, want %d", got, status, kind, want)
	}
}
