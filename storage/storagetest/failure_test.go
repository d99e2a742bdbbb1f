package storagetest_test

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"keywright/internal/testpg"
	"keywright/registry"
	"keywright/storage"
	"keywright/storage/storagetest"
)

// TestAFailedAuditRollsBackTheChange lets the database refuse the audit row.
func TestAFailedAuditRollsBackTheChange(t *testing.T) {
	t.Parallel()
	for dialect, trigger := range map[string]string{
		storagetest.SQLite: `CREATE TRIGGER refuse BEFORE INSERT ON audit_events BEGIN SELECT RAISE(FAIL, 'refused'); END`,
		storagetest.Postgres: `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$;
			CREATE TRIGGER refuse BEFORE INSERT ON audit_events EXECUTE FUNCTION refuse()`,
	} {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			url := storagetest.URL(t, dialect)
			db := storagetest.OpenWith(t, storage.Config{URL: url})
			w := settled(t, db)
			if _, err := storagetest.SQL(t, url).Exec(trigger); err != nil {
				t.Fatal(err)
			}
			for _, swallowed := range []bool{false, true} {
				err := db.Change(ctx, func(tx registry.Tx) error {
					c := w.client
					c.Name = "must not stay"
					if err := tx.UpdateClient(ctx, c); err != nil {
						return err
					}
					err := step(tx, w, func(registry.Position) error { return nil })
					if swallowed {
						return nil
					}
					return err
				})
				wantKind(t, err, registry.KindUnavailable)
			}
			state, err := db.ClientState(ctx, w.client.ID)
			if err != nil || state.Client.Name != w.client.Name || state.Rev != 0 {
				t.Errorf("got name %q at %d, %v, want nothing changed", state.Client.Name, state.Rev, err)
			}
		})
	}
}

func TestTextThatSQLCannotCarryIsRefused(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		w := settled(t, db)
		for _, bad := range []string{"a\x00b", "a\xff", "\xed\xa0\x80"} {
			for name, edit := range map[string]func(*registry.Client){
				"text":     func(c *registry.Client) { c.Name = bad },
				"list":     func(c *registry.Client) { c.Scopes = []string{"good", bad} },
				"optional": func(c *registry.Client) { c.ProjectID = bad },
				"document": func(c *registry.Client) { c.JWKS = []byte(bad) },
			} {
				c := w.client
				edit(&c)
				err := db.Change(ctx, func(tx registry.Tx) error { return tx.UpdateClient(ctx, c) })
				if registry.KindOf(err) != registry.KindInvalid {
					t.Errorf("%s %q: got %v, want invalid", name, bad, err)
				}
			}
			_, err := db.ClientState(ctx, w.client.ID+bad)
			wantKind(t, err, registry.KindInvalid)
			_, err = db.TokenDenied(ctx, bad)
			wantKind(t, err, registry.KindInvalid)
		}
		sameAs(t, readClient(t, db, w), w.client)
	})
}

// TestErrorsQuoteNothing makes statements fail in every way that a test can
// reach, with a value in them that must not be in the error.
func TestErrorsQuoteNothing(t *testing.T) {
	t.Parallel()
	const value = "5ec5e7"
	storagetest.Each(t, func(t *testing.T, dialect string) {
		url := storagetest.URL(t, dialect)
		db := storagetest.OpenWith(t, storage.Config{URL: url})
		w := settled(t, db)
		again := func(tx registry.Tx) error {
			m := w.member
			m.ID = value
			return tx.InsertMember(ctx, m)
		}
		missing := func(tx registry.Tx) error {
			c := w.client
			c.ID, c.RoleIDs = id("kwc_"), []string{value}
			return tx.InsertClient(ctx, c)
		}
		dropped := func(tx registry.Tx) error {
			_, err := tx.DenyToken(ctx, registry.DeniedToken{JTI: value})
			return err
		}
		errs := []error{db.Change(ctx, again), db.Change(ctx, missing), db.Change(ctx, dropped)}
		if dialect == storagetest.Postgres { // which quotes what it cannot read
			errs = append(errs, db.Change(ctx, func(tx registry.Tx) error {
				far := time.Date(999999, 1, 1, 0, 0, 0, 0, time.UTC)
				_, err := tx.DenyToken(ctx, registry.DeniedToken{JTI: value, ExpiresAt: far, RevokedAt: far})
				return err
			}))
		}
		if _, err := storagetest.SQL(t, url).Exec("DROP TABLE denied_tokens"); err != nil {
			t.Fatal(err)
		}
		_, err := db.TokenDenied(ctx, value)
		for _, err := range append(errs, err, db.Change(ctx, dropped)) {
			if err == nil || strings.Contains(err.Error(), value) || strings.Contains(err.Error(), "999999") || strings.Contains(err.Error(), w.member.Email) {
				t.Errorf("got %v, want an error without the value", err)
			}
		}
	})
}

func TestADeadDatabaseIsUnavailableInTimeAndComesBack(t *testing.T) {
	t.Parallel()
	server := testpg.Start(t)
	const timeout = 2 * time.Second
	db := storagetest.OpenWith(t, storage.Config{URL: server.New(t), Timeout: timeout, PoolSize: 4})
	if err := db.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	w := settled(t, db)
	for _, end := range []func(testing.TB){server.Stop, server.Kill} {
		end(t)
		for range 10 {
			unavailableIn(t, db, w, timeout)
		}
		server.Restart(t)
		deadline := time.Now().Add(5 * time.Second)
		for {
			_, err := db.ClientState(ctx, w.client.ID)
			if err == nil {
				break
			}
			wantKind(t, err, registry.KindUnavailable)
			if time.Now().After(deadline) {
				t.Fatalf("after a restart: %v", err)
			}
		}
	}
}

// TestASilentDatabaseIsUnavailableInTime connects to a server that never
// answers.
func TestASilentDatabaseIsUnavailableInTime(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	const timeout = 200 * time.Millisecond
	db := storagetest.OpenWith(t, storage.Config{Timeout: timeout, PoolSize: 1,
		URL: "postgres://user:pa55word@" + silent.Addr().String() + "/db?sslmode=disable"})
	unavailableIn(t, db, newWorld(), timeout)
}

// TestALockedRowIsUnavailableInTime waits for a lock that nobody gives back,
// with a context that has no deadline of its own.
func TestALockedRowIsUnavailableInTime(t *testing.T) {
	t.Parallel()
	url := storagetest.URL(t, storagetest.Postgres)
	const timeout = 300 * time.Millisecond
	db := storagetest.OpenWith(t, storage.Config{URL: url, Timeout: timeout, PoolSize: 2})
	w := settled(t, db)
	holder, err := storagetest.SQL(t, url).Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Rollback()
	if _, err := holder.Exec("SELECT id FROM clients FOR UPDATE"); err != nil {
		t.Fatal(err)
	}
	for range 3 { // more than the pool holds, were a connection lost each time
		started := time.Now()
		err := db.Change(ctx, func(tx registry.Tx) error {
			_, err := tx.ClientForUpdate(ctx, w.org.ID, w.client.ID)
			return err
		})
		wantKind(t, err, registry.KindUnavailable)
		if took := time.Since(started); took > timeout+2*time.Second {
			t.Errorf("took %v, want about %v", took, timeout)
		}
	}
	if _, err := db.ClientState(ctx, w.client.ID); err != nil {
		t.Errorf("a reader is kept out by a lock: %v", err)
	}
}

// unavailableIn checks that every port answers Unavailable within the timeout.
func unavailableIn(t testing.TB, db *storage.DB, w world, timeout time.Duration) {
	t.Helper()
	for name, fn := range map[string]func() error{
		"Ping":          func() error { return db.Ping(ctx) },
		"ClientState":   func() error { _, err := db.ClientState(ctx, w.client.ID); return err },
		"APITokenState": func() error { _, err := db.APITokenState(ctx, []registry.Digest{w.token.Digest}); return err },
		"TokenDenied":   func() error { _, err := db.TokenDenied(ctx, "jti"); return err },
		"Feed":          func() error { _, err := db.Feed(ctx, 0, 1); return err },
		"DeniedTokens":  func() error { _, err := db.DeniedTokens(ctx, "", noon, 1); return err },
		"RenewLease":    func() error { return db.RenewLease(ctx, registry.Lease{Replica: "one"}) },
		"Leases":        func() error { _, err := db.Leases(ctx); return err },
		"EndLease":      func() error { return db.EndLease(ctx, registry.Lease{Replica: "one"}) },
		"WakeReplicas":  func() error { return db.WakeReplicas(ctx) },
		"Listen":        func() error { return db.Listen(ctx, func() {}) },
		"Keys":          func() error { _, err := db.Keys(ctx); return err },
		"AddUsage":      func() error { return db.AddUsage(ctx, "bat", noon, nil) },
		"Read":          func() error { return db.Read(ctx, func(registry.Reader) error { return nil }) },
		"Change":        func() error { return db.Change(ctx, w.insert) },
	} {
		started := time.Now()
		err := fn()
		if err == nil || registry.KindOf(err) != registry.KindUnavailable || strings.Contains(err.Error(), "pa55word") {
			t.Errorf("%s: got %v, want unavailable", name, err)
		}
		if took := time.Since(started); took > timeout+2*time.Second { // the machine may be busy
			t.Errorf("%s took %v, want about %v", name, took, timeout)
		}
	}
}

// TestManyHaveMoreTime: a change of very many goes on where another, which
// began after it and waits for what it has locked, has given up.
func TestManyHaveMoreTime(t *testing.T) {
	t.Parallel()
	for _, dialect := range storagetest.Dialects() {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			db := storagetest.OpenWith(t, storage.Config{URL: storagetest.URL(t, dialect), Timeout: time.Second})
			w := settled(t, db)
			err := db.ChangeMany(ctx, func(tx registry.Tx) error {
				ids, err := tx.LockClients(ctx, registry.ClientFilter{OrganizationID: w.org.ID})
				if err != nil {
					return err
				}
				other := make(chan error, 1)
				go func() {
					other <- db.Change(ctx, func(tx registry.Tx) error { return tx.UpdateClient(ctx, w.client) })
				}()
				for {
					select {
					case err := <-other:
						wantKind(t, err, registry.KindUnavailable)
						return tx.RevokeClients(ctx, ids, noon)
					default: // one that falls silent is ended sooner
					}
					if _, err := tx.Client(ctx, w.org.ID, w.client.ID); err != nil {
						return err
					}
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			if c := readClient(t, db, w); !c.RevokedAt.Equal(kept(noon)) {
				t.Errorf("it is revoked at %v", c.RevokedAt)
			}
		})
	}
}

func TestACallerWhoGivesUpGetsUnavailable(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		w := settled(t, db)
		gone, cancel := context.WithCancel(ctx)
		cancel()
		_, err := db.ClientState(gone, w.client.ID)
		wantKind(t, err, registry.KindUnavailable)
		wantKind(t, db.Change(gone, func(registry.Tx) error { return nil }), registry.KindUnavailable)
		if _, err := db.ClientState(ctx, w.client.ID); err != nil {
			t.Error(err)
		}
	})
}

func TestASecondProcessCannotOpenSQLite(t *testing.T) {
	t.Parallel()
	if url := os.Getenv("STORAGETEST_SECOND"); url != "" {
		_, err := storage.Open(ctx, storage.Config{URL: url})
		if !errors.Is(err, storage.ErrInUse) {
			t.Fatalf("got %v, want ErrInUse", err)
		}
		return
	}
	url := storagetest.URL(t, storagetest.SQLite)
	db := storagetest.OpenWith(t, storage.Config{URL: url})
	second := exec.Command(os.Args[0], "-test.run=^TestASecondProcessCannotOpenSQLite$")
	second.Env = append(os.Environ(), "STORAGETEST_SECOND="+url)
	if out, err := second.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	if err := db.Ping(ctx); err != nil {
		t.Error(err)
	}
	info, err := os.Stat(strings.TrimPrefix(url, "sqlite:"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got mode %v, %v, want 0600", info.Mode(), err)
	}
}

func TestOpenRefusesOtherURLs(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "mysql://u:pa55word@h/d", "sqlite:", "sqlite::memory:", "postgres://u:pa55word@h:port/d"} {
		db, err := storage.Open(ctx, storage.Config{URL: url})
		if err == nil {
			db.Close()
		}
		if err == nil || strings.Contains(err.Error(), "pa55word") {
			t.Errorf("%q: got %v, want an error without the password", url, err)
		}
	}
}

// TestAChangeFallsSilent cuts a process off in the middle of a change, with the
// feed's counter locked: changes of others wait for it no longer than its
// timeout.
func TestAChangeFallsSilent(t *testing.T) {
	t.Parallel()
	url := storagetest.URL(t, storagetest.Postgres)
	w := settled(t, storagetest.OpenWith(t, storage.Config{URL: url}))
	proxy := testpg.NewProxy(t, url)
	silent := storagetest.OpenWith(t, storage.Config{URL: proxy.URL(), Timeout: 2 * time.Second})
	err := silent.Change(ctx, func(tx registry.Tx) error {
		return step(tx, w, func(registry.Position) error {
			proxy.Freeze()
			return nil
		})
	})
	wantKind(t, err, registry.KindUnavailable)
	change(t, storagetest.OpenWith(t, storage.Config{URL: url, Timeout: 15 * time.Second}), func(tx registry.Tx) error {
		return step(tx, w, func(registry.Position) error { return nil })
	})
	proxy.Thaw()
}
