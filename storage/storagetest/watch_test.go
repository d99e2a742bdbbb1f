package storagetest_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"keywright/registry"
	"keywright/storage"
	"keywright/storage/storagetest"
)

// live returns a world in the database whose client lives as long as its
// secret and API token, without an end where one is not given.
func live(t testing.TB, db *storage.DB, client, secret, token time.Duration) world {
	t.Helper()
	w := newWorld()
	expiry := func(d time.Duration) time.Time {
		if d == 0 {
			return time.Time{}
		}
		return kept(noon).Add(d)
	}
	w.client.RevokedAt, w.client.ConfirmBy, w.client.ExpiresAt = time.Time{}, time.Time{}, expiry(client)
	w.secret.ExpiresAt, w.token.ExpiresAt = expiry(secret), expiry(token)
	change(t, db, w.insert)
	return w
}

func TestDueWarnings(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		const day = 24 * time.Hour
		w := live(t, db, 20*day, 0, 7*day)
		other := live(t, db, 0, time.Hour, 400*day)
		late := live(t, db, -time.Hour, 0, 400*day)            // has expired
		both := live(t, db, 2*time.Hour, 2*time.Hour, 400*day) // its secret ends with it
		due := func(at time.Time, limit int) []registry.Warning {
			t.Helper()
			return read(t, db, func(r registry.Reader) ([]registry.Warning, error) { return r.DueWarnings(ctx, at, limit) })
		}
		want := []registry.Warning{
			{OrganizationID: other.org.ID, Kind: "secret", ID: other.secret.ID, ClientID: other.client.ID, Warning: "1d", Moment: other.secret.ExpiresAt},
			{OrganizationID: both.org.ID, Kind: "client", ID: both.client.ID, ClientID: both.client.ID, Warning: "1d", Moment: both.client.ExpiresAt},
			{OrganizationID: w.org.ID, Kind: "api_token", ID: w.token.ID, Warning: "7d", Moment: w.token.ExpiresAt},
			{OrganizationID: w.org.ID, Kind: "client", ID: w.client.ID, ClientID: w.client.ID, Warning: "30d", Moment: w.client.ExpiresAt},
		}
		sameAs(t, due(noon, 9), want)
		sameAs(t, due(noon, 1), want[:1])
		insert := func(w registry.Warning) (fresh bool) {
			t.Helper()
			change(t, db, func(tx registry.Tx) (err error) {
				fresh, err = tx.InsertWarning(ctx, w)
				return err
			})
			return fresh
		}
		for _, fresh := range []bool{true, false} {
			if got := insert(want[2]); got != fresh {
				t.Errorf("inserted: got %t, want %t", got, fresh)
			}
		}
		sameAs(t, due(noon, 9), []registry.Warning{want[0], want[1], want[3]})
		// The next window is another warning.
		sameAs(t, due(noon.Add(6*day+time.Hour), 1)[0].Warning, "1d")

		// By the rotation age, to the microsecond.
		age := w.org.RotationAge
		if got := due(kept(noon).Add(age-time.Microsecond), 9); len(got) != 0 {
			t.Errorf("got %v before the rotation age", got)
		}
		rotation := func(w world, kind, id, client string) registry.Warning {
			return registry.Warning{OrganizationID: w.org.ID, Kind: kind, ID: id, ClientID: client, Warning: "rotation_due", Moment: kept(noon)}
		}
		sameAs(t, due(kept(noon).Add(age), 9), []registry.Warning{
			rotation(other, "api_token", other.token.ID, ""), rotation(late, "api_token", late.token.ID, ""),
			rotation(both, "api_token", both.token.ID, ""),
		})
		last := live(t, db, age+day, 0, 400*day)
		sameAs(t, due(kept(noon).Add(age), 1)[0].ID, last.client.ID) // expiries first

		// What is known of warnings goes with what they are about, or when it is of no use.
		pruned := func(before time.Time, want int64) {
			t.Helper()
			if n, err := db.PruneWarnings(ctx, before); err != nil || n != want {
				t.Errorf("pruned %d warnings, %v, want %d", n, err, want)
			}
		}
		insert(rotation(w, "api_token", w.token.ID, ""))
		insert(want[3])
		pruned(want[2].Moment, 0)
		pruned(want[2].Moment.Add(time.Second), 1)
		change(t, db, func(tx registry.Tx) error { return tx.DeleteClient(ctx, w.org.ID, w.client.ID) })
		pruned(noon.Add(1000*day), 0)
	})
}

func TestSecretsAndKeysThatAreDue(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		w := live(t, db, 0, 0, time.Hour)
		key := registry.ClientKey{
			ID: id("jwk_"), ClientID: w.client.ID, CreatedAt: kept(noon).Add(time.Hour),
			PublicKey: registry.PublicKey{KeyID: "k", Algorithm: "ES256", Thumbprint: "t", JWK: []byte("{}")},
		}
		change(t, db, func(tx registry.Tx) error { return tx.InsertClientKey(ctx, key) })
		at := kept(noon).Add(w.org.RotationAge + time.Hour)
		got := read(t, db, func(r registry.Reader) ([]registry.Warning, error) { return r.DueWarnings(ctx, at, 9) })
		sameAs(t, got, []registry.Warning{
			{OrganizationID: w.org.ID, Kind: "secret", ID: w.secret.ID, ClientID: w.client.ID, Warning: "rotation_due", Moment: kept(noon)},
			{OrganizationID: w.org.ID, Kind: "key", ID: key.ID, ClientID: w.client.ID, Warning: "rotation_due", Moment: key.CreatedAt},
		})
	})
}

func TestCountsOfCredentials(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		const day = 24 * time.Hour
		w, other := live(t, db, 20*day, 0, 7*day), live(t, db, 0, 0, 400*day)
		gone := newWorld() // its client is revoked, its API token expired
		gone.token.ExpiresAt = kept(noon).Add(-day)
		change(t, db, gone.insert)
		addUsage(t, db, "bat_1", registry.UsageDelta{Kind: "client", ID: w.client.ID, OrganizationID: w.org.ID, Count: 1, LastAt: noon.Add(-10 * day)})
		counts := func(q registry.CountQuery) registry.CredentialCounts {
			t.Helper()
			q.At = noon
			return read(t, db, func(r registry.Reader) (registry.CredentialCounts, error) { return r.CredentialCounts(ctx, q) })
		}
		sameAs(t, counts(registry.CountQuery{UnusedSince: noon.Add(-5 * day)}), registry.CredentialCounts{
			Credentials: []registry.CredentialCount{
				{Kind: "client", Status: "active", Count: 2, NeverUsed: 1, Unused: 1},
				{Kind: "client", Status: "revoked", Count: 1, NeverUsed: 1},
				{Kind: "api_token", Status: "active", Count: 2, NeverUsed: 2},
				{Kind: "api_token", Status: "expired", Count: 1, NeverUsed: 1},
			},
			Due: []registry.DueCount{{Kind: "api_token", Warning: "7d", Count: 1}, {Kind: "client", Warning: "30d", Count: 1}},
		})
		sameAs(t, counts(registry.CountQuery{OrganizationID: other.org.ID}), registry.CredentialCounts{
			Credentials: []registry.CredentialCount{
				{Kind: "client", Status: "active", Count: 1, NeverUsed: 1}, {Kind: "api_token", Status: "active", Count: 1, NeverUsed: 1},
			},
		})
		sameAs(t, counts(registry.CountQuery{OrganizationID: w.org.ID, ProjectID: other.prj.ID}), registry.CredentialCounts{})
		sameAs(t, counts(registry.CountQuery{OrganizationID: w.org.ID, ProjectID: w.prj.ID}).Due,
			[]registry.DueCount{{Kind: "api_token", Warning: "7d", Count: 1}, {Kind: "client", Warning: "30d", Count: 1}})
	})
}

func TestUsageMarks(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		w, other := settled(t, db), settled(t, db)
		hour := kept(noon).Truncate(time.Hour)
		marks := []registry.UsageMark{ // newest first
			{OrganizationID: w.org.ID, Kind: "client", ID: w.client.ID, Mark: registry.MarkNewNetwork, At: kept(noon), Network: netip.MustParsePrefix("2001:db8::/48")},
			{OrganizationID: w.org.ID, Kind: "client", ID: w.client.ID, Mark: registry.MarkSpike, At: hour, Uses: 900, Most: 7},
			{OrganizationID: other.org.ID, Kind: "api_token", ID: other.token.ID, Mark: registry.MarkSilence, At: hour.Add(-time.Hour), LastUsedAt: hour.Add(-time.Hour * 999)},
		}
		for _, fresh := range []bool{true, false} {
			for _, m := range marks {
				change(t, db, func(tx registry.Tx) error {
					got, err := tx.InsertUsageMark(ctx, m)
					if got != fresh {
						t.Errorf("%s: got new %t, want %t", m.Mark, got, fresh)
					}
					return err
				})
			}
		}
		selected := func(f registry.MarkFilter, limit int, want ...registry.UsageMark) {
			t.Helper()
			got := read(t, db, func(r registry.Reader) ([]registry.UsageMark, error) { return r.UsageMarks(ctx, f, limit) })
			sameAs(t, got, want)
		}
		selected(registry.MarkFilter{}, 9, marks...)
		selected(registry.MarkFilter{}, 1, marks[0])
		selected(registry.MarkFilter{OrganizationID: other.org.ID}, 9, marks[2])
		selected(registry.MarkFilter{OrganizationID: other.org.ID, ProjectID: other.prj.ID}, 9, marks[2])
		selected(registry.MarkFilter{OrganizationID: w.org.ID, ProjectID: other.prj.ID}, 9)
		selected(registry.MarkFilter{Kind: "client", ID: w.client.ID, From: hour, To: kept(noon)}, 9, marks[1])
		if n, err := db.PruneUsageMarks(ctx, hour); err != nil || n != 1 {
			t.Errorf("pruned %d marks, %v, want 1", n, err)
		}
		change(t, db, func(tx registry.Tx) error { return tx.DeleteClient(ctx, w.org.ID, w.client.ID) })
		selected(registry.MarkFilter{}, 9)
	})
}

func TestCandidatesForMarks(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		const day = 24 * time.Hour
		w := settled(t, db)
		hour := kept(noon).Truncate(time.Hour)
		use := func(id string, ago time.Duration, count int64, ip string) {
			t.Helper()
			addUsage(t, db, fmt.Sprint(id, ago, ip), registry.UsageDelta{
				Kind: "client", ID: id, OrganizationID: w.org.ID, Count: count, LastAt: hour.Add(-ago), LastIP: netip.MustParseAddr(ip),
			})
		}
		use(w.client.ID, 31*day, 9, "192.0.2.1")
		use(w.client.ID, 0, 46, "198.51.100.1")
		mark := registry.UsageMark{OrganizationID: w.org.ID, Kind: "client", ID: w.client.ID, At: hour}
		spike, silence, network := mark, mark, mark
		spike.Mark, spike.Uses, spike.Most = registry.MarkSpike, 46, 9
		silence.Mark, silence.LastUsedAt = registry.MarkSilence, hour.Add(-31*day)
		network.Mark, network.Network = registry.MarkNewNetwork, netip.MustParsePrefix("198.51.100.0/24")

		rules := registry.UsageRules{SpikeFactor: 5, SpikeMinimum: 46}
		spikes := func(since time.Duration, rules registry.UsageRules) []registry.UsageMark {
			return read(t, db, func(r registry.Reader) ([]registry.UsageMark, error) {
				return r.SpikeCandidates(ctx, hour, hour.Add(-since), rules, 9)
			})
		}
		silences := func(span time.Duration) []registry.UsageMark {
			return read(t, db, func(r registry.Reader) ([]registry.UsageMark, error) { return r.SilenceCandidates(ctx, hour, span, 9) })
		}
		networks := func(from, inUse time.Duration, roaming int) []registry.UsageMark {
			return read(t, db, func(r registry.Reader) ([]registry.UsageMark, error) {
				return r.NetworkCandidates(ctx, hour.Add(-from), hour.Add(-inUse), roaming, 9)
			})
		}
		sameAs(t, spikes(40*day, rules), []registry.UsageMark{spike})
		spike.Most = 0 // of a shorter past
		sameAs(t, spikes(30*day, rules), []registry.UsageMark{spike})
		none := []registry.UsageMark(nil)
		sameAs(t, spikes(40*day, registry.UsageRules{SpikeFactor: 6, SpikeMinimum: 46}), none)
		sameAs(t, spikes(40*day, registry.UsageRules{SpikeFactor: 5, SpikeMinimum: 47}), none)
		sameAs(t, silences(31*day-time.Hour), []registry.UsageMark{silence})
		sameAs(t, silences(31*day), none) // its hour may have been in use to its end
		sameAs(t, networks(0, 30*day, 2), []registry.UsageMark{network})
		sameAs(t, networks(0, 31*day, 2), none) // not in use before that
		sameAs(t, networks(0, 30*day, 1), none)
		sameAs(t, networks(-time.Second, 30*day, 2), none)
		change(t, db, func(tx registry.Tx) error {
			for _, m := range []registry.UsageMark{spike, silence, network} {
				if _, err := tx.InsertUsageMark(ctx, m); err != nil {
					return err
				}
			}
			return nil
		})
		sameAs(t, spikes(40*day, rules), none)
		sameAs(t, silences(30*day), none)
		sameAs(t, networks(0, 30*day, 2), none)
	})
}
