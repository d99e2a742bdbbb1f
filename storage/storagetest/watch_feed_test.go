package storagetest_test

import (
	"fmt"
	"regexp"
	"slices"
	"sync"
	"testing"

	"keywright/registry"
	"keywright/storage"
	"keywright/storage/storagetest"
)

// recorder is a test that notes its failures, and when it ends.
type recorder struct {
	testing.TB
	failures []string
	atEnd    []func()
}

func (r *recorder) Errorf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

func (r *recorder) Cleanup(fn func()) { r.atEnd = append(r.atEnd, fn) }

func (r *recorder) end() {
	for _, fn := range slices.Backward(r.atEnd) {
		fn()
	}
}

// TestWatchFeedSeesWhatIsNotTold changes a client, a role, an API token and
// the denylist with feed rows that do not tell of it, and with some that do.
func TestWatchFeedSeesWhatIsNotTold(t *testing.T) {
	t.Parallel()
	w := newWorld()
	client := func(tx registry.Tx) error { return tx.UpdateClient(ctx, w.client) }
	secret := func(tx registry.Tx) error { return tx.DeleteSecret(ctx, w.client.ID, w.secret.ID) }
	role := func(tx registry.Tx) error { return tx.UpdateRole(ctx, w.role) }
	token := func(tx registry.Tx) error { return tx.UpdateAPIToken(ctx, w.token) }
	cutOff := func(tx registry.Tx) error { return tx.CutOff(ctx, registry.CutOffProject, []string{w.prj.ID}, 1) }
	deny := func(tx registry.Tx) error {
		_, err := tx.DenyToken(ctx, registry.DeniedToken{JTI: "jti", OrganizationID: w.org.ID, ExpiresAt: noon, RevokedAt: noon})
		return err
	}
	for _, c := range []struct {
		name           string
		write          func(registry.Tx) error
		kind, org, row string
		told           bool
	}{
		{"client", client, registry.FeedClient, w.org.ID, w.client.ID, true},
		{"client by its organization", client, registry.FeedOrganization, w.org.ID, w.org.ID, true},
		{"client by nothing", client, registry.FeedNothing, w.org.ID, w.client.ID, false},
		{"client by no row", client, "", "", "", false},
		{"client of another organization", client, registry.FeedClient, "org_other", w.client.ID, false},
		{"another client", client, registry.FeedClient, w.org.ID, "kwc_other", false},
		{"another organization", client, registry.FeedOrganization, "org_other", "org_other", false},
		{"secret", secret, registry.FeedClient, w.org.ID, w.client.ID, true},
		{"secret by a member", secret, registry.FeedMember, w.org.ID, w.client.ID, false},
		{"secret by its own id", secret, registry.FeedClient, w.org.ID, w.secret.ID, false},
		{"role", role, registry.FeedRole, w.org.ID, w.role.ID, true},
		{"role by a client", role, registry.FeedClient, w.org.ID, w.client.ID, false},
		{"API token", token, registry.FeedAPIToken, w.org.ID, w.token.ID, true},
		{"API token as a client", token, registry.FeedClient, w.org.ID, w.token.ID, false},
		{"cut-off", cutOff, registry.FeedProject, w.org.ID, w.prj.ID, true},
		{"cut-off by an API token", cutOff, registry.FeedAPIToken, w.org.ID, w.prj.ID, false},
		{"denylist", deny, registry.FeedToken, w.org.ID, "jti", true},
		{"denylist by a client", deny, registry.FeedClient, w.org.ID, "jti", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			url := storagetest.URL(t, storagetest.Postgres)
			db := storagetest.OpenWith(t, storage.Config{URL: url})
			change(t, db, w.insert)
			r := &recorder{TB: t}
			storagetest.WatchFeed(r, url)
			change(t, db, func(tx registry.Tx) error {
				if err := c.write(tx); err != nil || c.kind == "" {
					return err
				}
				return tx.AppendFeed(ctx, registry.FeedRow{Position: 1, Kind: c.kind, OrganizationID: c.org, TargetID: c.row, At: noon})
			})
			// A row of a later transaction is no help.
			change(t, db, func(tx registry.Tx) error {
				return tx.AppendFeed(ctx, registry.FeedRow{Position: 2, Kind: registry.FeedOrganization, OrganizationID: w.org.ID, At: noon})
			})
			if r.end(); (len(r.failures) == 0) != c.told {
				t.Errorf("got the failures %q, told: %v", r.failures, c.told)
			}
		})
	}
}

// TestTheWholeHotPathIsWatched compares the tables that its queries name with
// those that are watched.
func TestTheWholeHotPathIsWatched(t *testing.T) {
	t.Parallel()
	url := storagetest.URL(t, storagetest.Postgres)
	storagetest.WatchFeed(t, url)
	var watched []string
	rows, err := storagetest.SQL(t, url).Query(
		"SELECT DISTINCT event_object_table::text FROM information_schema.triggers WHERE trigger_name = 'watched_write' ORDER BY 1")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var table string
		if err := rows.Scan(&table); err != nil {
			t.Fatal(err)
		}
		watched = append(watched, table)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}

	var mu sync.Mutex
	read := []string{}
	named := regexp.MustCompile(`\b(?:FROM|JOIN) "?(\w+)`)
	db := storagetest.OpenWith(t, storage.Config{URL: url, OnStatement: func(statement string) {
		mu.Lock()
		defer mu.Unlock()
		for _, found := range named.FindAllStringSubmatch(statement, -1) {
			read = append(read, found[1])
		}
	}})
	_, unknownClient := db.ClientState(ctx, "kwc_unknown")
	_, unknownToken := db.APITokenState(ctx, []registry.Digest{digestOf(1)})
	_, denied := db.TokenDenied(ctx, "jti")
	_, endpoints := db.APIEndpoints(ctx, "api_unknown")
	wantKind(t, unknownClient, registry.KindNotFound)
	wantKind(t, unknownToken, registry.KindNotFound)
	if denied != nil || endpoints != nil {
		t.Fatal(denied, endpoints)
	}
	read = slices.DeleteFunc(read, func(table string) bool { return table == "feed_counter" })
	slices.Sort(read)
	sameAs(t, slices.Compact(read), watched)
}
