package storagetest_test

import (
	"bytes"
	"testing"
	"time"

	"keywright/registry"
	"keywright/storage"
	"keywright/storage/storagetest"
)

// auditTrail stores five chained events of one organization, an hour apart,
// after one that is in no chain, and a foreign one.
func auditTrail(t *testing.T, db *storage.DB) (organizationID string, events []registry.AuditEvent) {
	t.Helper()
	org, foreign := id("org_"), id("org_")
	add := func(e registry.AuditEvent) {
		change(t, db, func(tx registry.Tx) (err error) {
			e.ID = id("evt_")
			if e.Position, err = tx.NextPosition(ctx); err != nil {
				return err
			}
			return tx.AppendAudit(ctx, e)
		})
		if e.OrganizationID == org {
			events = append(events, e)
		}
	}
	add(registry.AuditEvent{OrganizationID: org, At: kept(noon), Action: "old", Outcome: registry.OutcomeDone})
	for i := range 5 {
		e := registry.AuditEvent{
			OrganizationID: org, At: kept(noon).Add(time.Duration(i+1) * time.Hour), Action: "client.create",
			Actor: registry.Principal{Kind: registry.ActorMember, ID: "mem_a"}, TargetKind: registry.FeedClient, TargetID: "kwc_a",
			Outcome: registry.OutcomeDone, Link: registry.AuditLink{Sequence: int64(i + 1), KeyID: "key_a", MAC: []byte{0, byte(i), 0xff}},
		}
		if i%2 == 1 {
			e.ProjectID, e.Actor, e.TargetID, e.Outcome = "prj_a", registry.Principal{Kind: registry.ActorOperator}, "kwc_b", registry.OutcomeRefused
		}
		add(e)
	}
	add(registry.AuditEvent{OrganizationID: foreign, At: kept(noon), Link: registry.AuditLink{Sequence: 1}, Action: "client.create"})
	return org, events
}

func TestAuditPage(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		org, events := auditTrail(t, db)
		hour := func(n int) time.Time { return kept(noon).Add(time.Duration(n) * time.Hour) }
		for name, tc := range map[string]struct {
			filter registry.AuditFilter
			before registry.Position
			limit  int
			want   []int // indexes into events
		}{
			"all":          {registry.AuditFilter{}, 0, 100, []int{5, 4, 3, 2, 1, 0}},
			"first page":   {registry.AuditFilter{}, 0, 2, []int{5, 4}},
			"second page":  {registry.AuditFilter{}, events[4].Position, 2, []int{3, 2}},
			"project":      {registry.AuditFilter{ProjectID: "prj_a"}, 0, 100, []int{4, 2}},
			"actor":        {registry.AuditFilter{ActorID: "mem_a"}, 0, 100, []int{5, 3, 1}},
			"actor kind":   {registry.AuditFilter{ActorKind: registry.ActorOperator}, 0, 100, []int{4, 2}},
			"action":       {registry.AuditFilter{Action: "old"}, 0, 100, []int{0}},
			"target":       {registry.AuditFilter{TargetKind: registry.FeedClient, TargetID: "kwc_b"}, 0, 100, []int{4, 2}},
			"outcome":      {registry.AuditFilter{Outcome: registry.OutcomeRefused}, 0, 100, []int{4, 2}},
			"since, until": {registry.AuditFilter{Since: hour(1), Until: hour(3)}, 0, 100, []int{2, 1}},
			"nothing":      {registry.AuditFilter{Action: "' OR 1=1"}, 0, 100, nil},
		} {
			tc.filter.OrganizationID = org
			var want []registry.AuditEvent
			for _, i := range tc.want {
				want = append(want, events[i])
			}
			t.Run(name, func(t *testing.T) {
				sameAs(t, read(t, db, func(r registry.Reader) ([]registry.AuditEvent, error) {
					return r.AuditPage(ctx, tc.filter, tc.before, tc.limit)
				}), want)
			})
		}
	})
}

func TestAuditChainRow(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		org, events := auditTrail(t, db)
		_, err := tryRead(db, func(r registry.Reader) (registry.AuditChain, error) { return r.AuditChain(ctx, org) })
		wantKind(t, err, registry.KindNotFound)
		for _, chain := range []registry.AuditChain{
			{OrganizationID: org, Sequence: 4, MAC: []byte{0, 1}},
			{OrganizationID: org, Sequence: 5, MAC: []byte{0xff}, Pruned: registry.AuditCheckpoint{Sequence: 2, MAC: []byte{3}, KeyID: "key_a", Seal: []byte{4}}},
		} {
			change(t, db, func(tx registry.Tx) error { return tx.PutAuditChain(ctx, chain) })
			sameAs(t, read(t, db, func(r registry.Reader) (registry.AuditChain, error) { return r.AuditChain(ctx, org) }), chain)
		}
		sameAs(t, read(t, db, func(r registry.Reader) ([]registry.AuditEvent, error) { return r.AuditLinks(ctx, org, 2, 2) }), events[3:5])

		err = db.Read(ctx, func(r registry.Reader) error {
			n, last, err := r.AuditUnchained(ctx, org)
			if n != 1 || last != events[0].Position {
				t.Errorf("unchained: got %d, %d", n, last)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := read(t, db, func(r registry.Reader) ([]string, error) { return r.AuditOrganizations(ctx) }); len(got) != 2 {
			t.Errorf("organizations: got %v", got)
		}
		for hours, want := range map[int]int64{0: 0, 1: 0, 2: 1, 5: 4, 6: 5, 99: 5} {
			at := kept(noon).Add(time.Duration(hours) * time.Hour)
			got := read(t, db, func(r registry.Reader) (int64, error) { return r.AuditSequenceBefore(ctx, org, at) })
			if got != want {
				t.Errorf("%d hours: got sequence %d, want %d", hours, got, want)
			}
		}

		change(t, db, func(tx registry.Tx) error {
			n, err := tx.PruneAudit(ctx, org, 2, kept(noon).Add(time.Minute))
			if n != 3 {
				t.Errorf("pruned %d events, want 3", n)
			}
			return err
		})
		sameAs(t, read(t, db, func(r registry.Reader) ([]registry.AuditEvent, error) { return r.AuditEvents(ctx, org, 0, 100) }), events[3:])

		again := events[4]
		again.ID = id("evt_")
		wantKind(t, db.Change(ctx, func(tx registry.Tx) error { return tx.AppendAudit(ctx, again) }), registry.KindConflict)
	})
}

func TestKeyedRequests(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		get := func() (registry.KeyedRequest, error) {
			return tryRead(db, func(r registry.Reader) (registry.KeyedRequest, error) { return r.KeyedRequest(ctx, "id") })
		}
		insert := func(r registry.KeyedRequest, expired time.Time) error {
			return db.Change(ctx, func(tx registry.Tx) error { return tx.InsertKeyedRequest(ctx, r, expired) })
		}
		_, err := get()
		wantKind(t, err, registry.KindNotFound)
		wantKind(t, db.Change(ctx, func(tx registry.Tx) error { return tx.KeepAnswer(ctx, "id", registry.KeptAnswer{Status: 200}) }), registry.KindNotFound)

		want := registry.KeyedRequest{ID: "id", Fingerprint: digestOf(7), TargetID: "kwc_a", At: kept(noon)}
		if err := insert(want, noon.Add(-time.Hour)); err != nil {
			t.Fatal(err)
		}
		got, err := get()
		if err != nil {
			t.Fatal(err)
		}
		sameAs(t, got, want)
		wantKind(t, insert(want, noon.Add(-time.Hour)), registry.KindConflict)

		want.Answer = registry.KeptAnswer{Status: 201, Location: "/v1/x", ETag: `"1"`, Body: []byte(`{"b": 1}`)}
		change(t, db, func(tx registry.Tx) error { return tx.KeepAnswer(ctx, "id", want.Answer) })
		got, err = get()
		if err != nil || !bytes.Equal(got.Answer.Body, want.Answer.Body) {
			t.Fatalf("got %q, %v", got.Answer.Body, err)
		}
		sameAs(t, got, want)

		later := registry.KeyedRequest{ID: "id", Fingerprint: digestOf(8), TargetID: "kwc_b", At: kept(noon).Add(25 * time.Hour)}
		if err := insert(later, kept(noon).Add(time.Hour)); err != nil {
			t.Fatalf("an expired one was not replaced: %v", err)
		}
		got, _ = get()
		sameAs(t, got, later)
		for _, tc := range []struct {
			before time.Time
			want   int64
		}{{noon, 0}, {noon.Add(26 * time.Hour), 1}} {
			if n, err := db.PruneKeyedRequests(ctx, tc.before); err != nil || n != tc.want {
				t.Errorf("pruned %d, %v, want %d", n, err, tc.want)
			}
		}
	})
}
