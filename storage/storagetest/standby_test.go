package storagetest_test

import (
	"context"
	"net/url"
	"testing"

	"keywright/registry"
	"keywright/storage"
	"keywright/storage/storagetest"
)

// TestNothingIsReadWhereNothingIsWritten: a server that takes no changes, as a
// standby, is never asked, whatever the URL says: what it knows may be old.
func TestNothingIsReadWhereNothingIsWritten(t *testing.T) {
	t.Parallel()
	for _, attrs := range []string{"", "any", "prefer-standby"} {
		name := storagetest.URL(t, storagetest.Postgres)
		_, err := storagetest.SQL(t, name).ExecContext(ctx,
			"DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || current_database() || ' SET default_transaction_read_only = on'; END $$")
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(name)
		if err != nil {
			t.Fatal(err)
		}
		if query := u.Query(); attrs != "" {
			query.Set("target_session_attrs", attrs)
			u.RawQuery = query.Encode()
		}
		db := storagetest.OpenWith(t, storage.Config{URL: u.String()})
		if _, err := db.Feed(ctx, 0, 1); registry.KindOf(err) != registry.KindUnavailable {
			t.Errorf("%q: got %v from a server that takes no changes", attrs, err)
		}
		listening, stop := context.WithCancel(ctx)
		err = db.Listen(listening, func() {
			t.Errorf("%q: it listens there", attrs)
			stop()
		})
		if stop(); err == nil {
			t.Errorf("%q: listening ended without an error", attrs)
		}
	}
}
