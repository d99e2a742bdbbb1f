package storagetest_test

import (
	"errors"
	"fmt"
	"log/slog"
	"testing"

	"golang.org/x/sync/errgroup"

	"keywright/storage"
	"keywright/storage/storagetest"
)

func TestReplicasMigrateTogether(t *testing.T) {
	t.Parallel()
	url := storagetest.EmptyURL(t, storagetest.Postgres)
	var group errgroup.Group
	for range 5 {
		db := storagetest.OpenWith(t, storage.Config{URL: url, PoolSize: 1})
		group.Go(func() error { return db.Migrate(ctx) })
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	var applied int
	err := storagetest.SQL(t, url).QueryRow("SELECT count(*) FROM goose_db_version WHERE version_id = 1").Scan(&applied)
	if err != nil || applied != 1 {
		t.Errorf("the first migration was applied %d times, %v", applied, err)
	}
}

// TestProcessesMigrateSQLiteTogether: of five opens at once one gets the file,
// and the others are told why not.
func TestProcessesMigrateSQLiteTogether(t *testing.T) {
	t.Parallel()
	url := storagetest.EmptyURL(t, storagetest.SQLite)
	dbs, errs := make([]*storage.DB, 5), make([]error, 5)
	var group errgroup.Group
	for i := range dbs {
		group.Go(func() error {
			dbs[i], errs[i] = storage.Open(ctx, storage.Config{URL: url, Logger: slog.New(slog.DiscardHandler)})
			if errs[i] != nil {
				return nil
			}
			return dbs[i].Migrate(ctx)
		})
	}
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
	opened := 0
	for i, db := range dbs {
		if db != nil {
			opened++
			db.Close()
		} else if !errors.Is(errs[i], storage.ErrInUse) {
			t.Errorf("got %v, want ErrInUse", errs[i])
		}
	}
	if opened != 1 {
		t.Errorf("%d opened the file, want 1", opened)
	}
}

func TestMigrationStatus(t *testing.T) {
	t.Parallel()
	storagetest.Each(t, func(t *testing.T, dialect string) {
		url := storagetest.EmptyURL(t, dialect)
		db := storagetest.OpenWith(t, storage.Config{URL: url})
		status, err := db.MigrationStatus(ctx)
		if err != nil || status.Current != 0 || status.Latest == 0 || len(status.Pending) != int(status.Latest) {
			t.Errorf("empty: got %+v, %v", status, err)
		}
		for range 2 {
			if err := db.Migrate(ctx); err != nil {
				t.Fatal(err)
			}
		}
		status, err = db.MigrationStatus(ctx)
		if err != nil || status.Current != status.Latest || len(status.Pending) != 0 {
			t.Errorf("migrated: got %+v, %v", status, err)
		}

		newer := fmt.Sprintf("INSERT INTO goose_db_version (version_id, is_applied) VALUES (%d, true)", status.Latest+1)
		if _, err := storagetest.SQL(t, url).Exec(newer); err != nil {
			t.Fatal(err)
		}
		if err := db.Migrate(ctx); err != nil {
			t.Errorf("newer, nothing taken away: got %v", err)
		}
		taken := fmt.Sprintf("UPDATE schema_compatibility SET oldest = %d", status.Latest+1)
		if _, err := storagetest.SQL(t, url).Exec(taken); err != nil {
			t.Fatal(err)
		}
		if err := db.Migrate(ctx); !errors.Is(err, storage.ErrNewerSchema) {
			t.Errorf("newer, something taken away: got %v, want ErrNewerSchema", err)
		}
		if _, err := db.MigrationStatus(ctx); !errors.Is(err, storage.ErrNewerSchema) {
			t.Errorf("newer, something taken away: got %v, want ErrNewerSchema", err)
		}
	})
}
