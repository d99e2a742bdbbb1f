package storagetest_test

import (
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"keywright/registry"
	"keywright/storage"
	"keywright/storage/storagetest"
)

// appendFeed appends a row at the next position, and returns it.
func appendFeed(t testing.TB, db *storage.DB, at time.Time) registry.FeedRow {
	t.Helper()
	row := registry.FeedRow{Kind: registry.FeedClient, OrganizationID: id("org_"), TargetID: id("kwc_"), At: kept(at)}
	change(t, db, func(tx registry.Tx) (err error) {
		if row.Position, err = tx.NextPosition(ctx); err != nil {
			return err
		}
		return tx.AppendFeed(ctx, row)
	})
	return row
}

func feedOf(t testing.TB, db *storage.DB, after registry.Position, limit int) registry.FeedPage {
	t.Helper()
	page, err := db.Feed(ctx, after, limit)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

func TestFeed(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		sameAs(t, feedOf(t, db, 0, 10), registry.FeedPage{})
		var rows []registry.FeedRow
		for range 3 {
			rows = append(rows, appendFeed(t, db, noon))
		}
		change(t, db, func(tx registry.Tx) error { return tx.SkipPositions(ctx, 1000) })
		for range 2 {
			rows = append(rows, appendFeed(t, db, noon))
		}
		for _, c := range []struct {
			after registry.Position
			limit int
			want  []registry.FeedRow
		}{
			{0, 10, rows}, {0, 5, rows}, {0, 3, rows[:3]}, {2, 2, rows[2:4]}, {3, 10, rows[3:]}, {500, 1, rows[3:4]},
			{1004, 10, rows[4:]}, {1005, 10, nil}, {9999, 10, nil}, {math.MaxInt64, 1, nil},
		} {
			sameAs(t, feedOf(t, db, c.after, c.limit), registry.FeedPage{Rows: c.want, Head: 1005})
		}
	})
}

// TestAFollowerMissesNothing follows the feed while others write: with fewer
// rows than it asked for, it has every change that was answered before it asked,
// and the last row is the head.
func TestAFollowerMissesNothing(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		w := settled(t, db)
		const writers, each, limit = 8, 50, 7
		var answered atomic.Int64 // the highest position of a change that has returned
		var group errgroup.Group
		var writing sync.WaitGroup
		for range writers {
			writing.Add(1)
			group.Go(func() error {
				defer writing.Done()
				for i := range each {
					var position registry.Position
					err := db.Change(ctx, func(tx registry.Tx) error {
						return step(tx, w, func(at registry.Position) error {
							if position = at; i%5 == 4 {
								return errors.New("changed its mind")
							}
							return nil
						})
					})
					if (i%5 == 4) != (err != nil) {
						return fmt.Errorf("change %d: %w", i, err)
					}
					for known := answered.Load(); err == nil && known < int64(position); known = answered.Load() {
						if answered.CompareAndSwap(known, int64(position)) {
							break
						}
					}
				}
				return nil
			})
		}
		done := make(chan struct{})
		go func() { writing.Wait(); close(done) }()
		var seen registry.Position
		for last := false; !last; {
			select {
			case <-done:
				last = true
			default:
			}
			for complete := false; !complete; {
				before := registry.Position(answered.Load())
				page := feedOf(t, db, seen, limit)
				for _, row := range page.Rows { // every change of this test is in the feed
					if seen++; row.Position != seen {
						t.Fatalf("got position %d, want %d", row.Position, seen)
					}
				}
				complete = len(page.Rows) < limit
				if page.Head < before || seen < before && complete || seen > page.Head || complete && seen != page.Head {
					t.Fatalf("seen up to %d of %d, the head is %d; answered up to %d; complete: %v", seen, len(page.Rows), page.Head, before, complete)
				}
			}
		}
		if err := group.Wait(); err != nil {
			t.Fatal(err)
		}
		if want := registry.Position(writers * each * 4 / 5); seen != want {
			t.Errorf("seen up to %d, want %d", seen, want)
		}
	})
}

func TestPruneFeed(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		prune := func(before time.Time, want int64) {
			t.Helper()
			if n, err := db.PruneFeed(ctx, before); err != nil || n != want {
				t.Errorf("pruned %d, %v, want %d", n, err, want)
			}
		}
		prune(noon, 0)
		var rows []registry.FeedRow
		// The clocks of two writers disagree about the fourth.
		for _, minute := range []int{0, 1, 2, 9, 3, 10, 11} {
			rows = append(rows, appendFeed(t, db, noon.Add(time.Duration(minute)*time.Minute)))
		}
		sameAs(t, feedOf(t, db, 0, 10), registry.FeedPage{Rows: rows, Head: 7})

		// Only the front goes, so that the oldest row says what is gone.
		prune(noon.Add(5*time.Minute), 3)
		for after := range registry.Position(3) {
			sameAs(t, feedOf(t, db, after, 10), registry.FeedPage{Rows: rows[3:], Head: 7, Pruned: true})
		}
		sameAs(t, feedOf(t, db, 3, 10), registry.FeedPage{Rows: rows[3:], Head: 7})
		sameAs(t, feedOf(t, db, 4, 1), registry.FeedPage{Rows: rows[4:5], Head: 7})

		// The newest stays, however old it is.
		prune(noon.Add(time.Hour), 3)
		prune(noon.Add(time.Hour), 0)
		sameAs(t, feedOf(t, db, 5, 10), registry.FeedPage{Rows: rows[6:], Head: 7, Pruned: true})
		sameAs(t, feedOf(t, db, 6, 10), registry.FeedPage{Rows: rows[6:], Head: 7})
		sameAs(t, feedOf(t, db, 7, 10), registry.FeedPage{Head: 7})
	})
}

// TestALongFeedIsPruned prunes more than one statement does.
func TestALongFeedIsPruned(t *testing.T) {
	t.Parallel()
	storagetest.Each(t, func(t *testing.T, dialect string) {
		url := storagetest.URL(t, dialect)
		db := storagetest.OpenWith(t, storage.Config{URL: url})
		const long = 25_000
		for _, statement := range []string{
			`INSERT INTO feed (position, kind, organization_id, target_id, at)
			WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 25000)
			SELECT i, 'nothing', '', '', '2025-01-01T00:00:00.000000Z' FROM n`,
			`UPDATE feed_counter SET position = 25000`,
		} {
			if _, err := storagetest.SQL(t, url).Exec(statement); err != nil {
				t.Fatal(err)
			}
		}
		appendFeed(t, db, noon)
		if n, err := db.PruneFeed(ctx, noon); err != nil || n != long {
			t.Errorf("pruned %d, %v, want %d", n, err, long)
		}
		if page := feedOf(t, db, 0, 10); len(page.Rows) != 1 || !page.Pruned {
			t.Errorf("got %+v, want the newest row alone", page)
		}
	})
}

func TestDeniedTokenPages(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		var denied []registry.DeniedToken
		for i := range 7 {
			denied = append(denied, registry.DeniedToken{
				JTI: fmt.Sprintf("jti_%d", i), OrganizationID: "org_1", ClientID: "kwc_1",
				ExpiresAt: kept(noon).Add(time.Duration(i) * time.Minute), RevokedAt: kept(noon),
			})
		}
		for _, i := range []int{4, 0, 6, 2, 5, 1, 3} {
			change(t, db, func(tx registry.Tx) error {
				_, err := tx.DenyToken(ctx, denied[i])
				return err
			})
		}
		page := func(after string, expiresAfter time.Time, limit int, want []registry.DeniedToken) {
			t.Helper()
			got, err := db.DeniedTokens(ctx, after, expiresAfter, limit)
			if err != nil {
				t.Fatal(err)
			}
			sameAs(t, got, want)
		}
		long := noon.Add(-time.Hour)
		page("", long, 10, denied)
		page("", long, 3, denied[:3])
		page("jti_2", long, 3, denied[3:6])
		page("jti_5", long, 3, denied[6:])
		page("jti_6", long, 3, nil)
		page("", denied[4].ExpiresAt, 10, denied[5:])
		page("jti_5", denied[4].ExpiresAt, 10, denied[6:])
	})
}

// TestAFeedWithoutItsCounterIsUnavailable: such as while a backup is restored.
func TestAFeedWithoutItsCounterIsUnavailable(t *testing.T) {
	t.Parallel()
	storagetest.Each(t, func(t *testing.T, dialect string) {
		url := storagetest.URL(t, dialect)
		db := storagetest.OpenWith(t, storage.Config{URL: url})
		if _, err := storagetest.SQL(t, url).Exec("DELETE FROM feed_counter"); err != nil {
			t.Fatal(err)
		}
		_, err := db.Feed(ctx, 0, 10)
		wantKind(t, err, registry.KindUnavailable)
	})
}
