package registry_test

import (
	"crypto/rand"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"keywright/registry"
	"keywright/storage"
	"keywright/storage/storagetest"
)

// chained is a world whose first organization has ten further events, with a
// way around the ports.
func chained(t *testing.T, dialect string) (*world, func(statement string)) {
	t.Helper()
	url := storagetest.URL(t, dialect)
	w := newWorld(t, storagetest.OpenWith(t, storage.Config{URL: url}))
	for i := range 10 {
		w.clock.add(time.Hour)
		w.client(registry.ClientInput{Name: fmt.Sprintf("client %d", i)})
	}
	beside := storagetest.SQL(t, url)
	return w, func(statement string) {
		t.Helper()
		result, err := beside.Exec(strings.ReplaceAll(statement, "ORG", "'"+w.one.Organization.ID+"'"))
		if err != nil {
			t.Fatal(err)
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			t.Fatalf("%s: %d rows, %v", statement, n, err)
		}
	}
}

// verify walks the chain of the first organization.
func (w *world) verify(expected *registry.ExpectedHead) registry.AuditReport {
	w.t.Helper()
	reports, err := w.VerifyAudit(w.t.Context(), operator(), w.one.Organization.ID, expected)
	if err != nil || len(reports) != 1 {
		w.t.Fatalf("got %v, %v", reports, err)
	}
	return reports[0]
}

func TestAuditChainIsGood(t *testing.T) {
	t.Parallel()
	storagetest.Each(t, func(t *testing.T, dialect string) {
		w, _ := chained(t, dialect)
		if _, err := w.RevokeClient(t.Context(), machine(t, w.one, ""), "kwc_none", 0); err == nil {
			t.Fatal("a client that is not there was revoked")
		}
		r := w.verify(nil)
		if r.Fault != nil || r.Events != 12 || r.Unchained != 0 || r.Head.Sequence != 12 || len(r.Head.MAC) != 32 {
			t.Errorf("got %+v", r)
		}
		all, err := w.VerifyAudit(t.Context(), operator(), "", nil)
		if err != nil || len(all) != 2 || all[0].Fault != nil || all[1].Fault != nil {
			t.Errorf("all: got %+v, %v", all, err)
		}
		if _, err := w.VerifyAudit(t.Context(), owner(w.one), "", nil); registry.KindOf(err) != registry.KindForbidden {
			t.Errorf("a member verified: %v", err)
		}
		var head registry.AuditHead
		for _, h := range w.AuditHeads() {
			if h.OrganizationID == w.one.Organization.ID {
				head = h
			}
		}
		if head.Sequence != 12 || head.MACText() != r.Head.MACText() || head.Fingerprint() != r.Head.Fingerprint() || head.Fingerprint() == 0 {
			t.Errorf("the exported head is %+v, the chain ends at %+v", head, r.Head)
		}
	})
}

func TestAuditChainFaultsAreFound(t *testing.T) {
	t.Parallel()
	event := func(sequence int) string {
		return fmt.Sprintf(" WHERE organization_id = ORG AND sequence = %d", sequence)
	}
	cases := []struct {
		name       string
		statements []string
		sequence   int64
		what       string
	}{
		{"changed", []string{"UPDATE audit_events SET action = 'client.update'" + event(4)}, 4, "changed"},
		{"content", []string{`UPDATE audit_events SET "after" = '{}'` + event(4)}, 4, "changed"},
		{"time", []string{"UPDATE audit_events SET at = '2031-05-06T07:08:09.000000Z'" + event(5)}, 5, "changed"},
		{"project", []string{"UPDATE audit_events SET project_id = 'prj_x'" + event(5)}, 5, "changed"},
		{"address", []string{"UPDATE audit_events SET address = '192.0.2.9'" + event(5)}, 5, "changed"},
		{"mac", []string{"UPDATE audit_events SET mac = (SELECT mac FROM audit_chains WHERE organization_id = ORG)" + event(5)}, 5, "changed"},
		{"unknown key", []string{"UPDATE audit_events SET key_id = 'key_other'" + event(6)}, 6, "changed"},
		{"first", []string{"UPDATE audit_events SET actor_id = 'x'" + event(1)}, 1, "changed"},
		{"missing", []string{"DELETE FROM audit_events" + event(6)}, 6, "missing"},
		{"missing and closed up", []string{
			"DELETE FROM audit_events" + event(11),
			"UPDATE audit_events SET sequence = 12" + event(10), "UPDATE audit_events SET sequence = 11" + event(12),
		}, 10, "missing"},
		{"cut off", []string{"DELETE FROM audit_events" + event(11)}, 11, "the tail is cut off, the chain ended at 11"},
		{"all gone", []string{"DELETE FROM audit_events WHERE organization_id = ORG"}, 1, "the tail is cut off"},
		{"reordered", []string{
			"UPDATE audit_events SET sequence = 99" + event(5), "UPDATE audit_events SET sequence = 5" + event(6),
			"UPDATE audit_events SET sequence = 6" + event(99),
		}, 5, "reordered"},
		{"no end", []string{"DELETE FROM audit_chains WHERE organization_id = ORG"}, 1, "the row that tells where the chain ends is missing"},
		{"end moved back", []string{"UPDATE audit_chains SET sequence = 9 WHERE organization_id = ORG"}, 10, "beyond the recorded end"},
		{"other end", []string{"UPDATE audit_chains SET mac = (SELECT mac FROM audit_events" + event(3) + ") WHERE organization_id = ORG"}, 12, "another HMAC"},
		{"beginning cut off", []string{
			"UPDATE audit_chains SET pruned_sequence = 3, pruned_mac = (SELECT mac FROM audit_events" + event(3) + ") WHERE organization_id = ORG",
			"DELETE FROM audit_events WHERE organization_id = ORG AND sequence <= 3",
		}, 4, "the checkpoint of the last pruning was changed"},
		{"outside the chain", []string{"UPDATE audit_events SET sequence = NULL, organization_id = ORG WHERE organization_id <> ORG"}, 0, "outside the chain"},
	}
	for _, dialect := range storagetest.Dialects() {
		for _, tc := range cases {
			t.Run(dialect+"/"+tc.name, func(t *testing.T) {
				t.Parallel()
				w, do := chained(t, dialect)
				for _, s := range tc.statements {
					do(s)
				}
				r := w.verify(nil)
				if r.Fault == nil || r.Fault.Sequence != tc.sequence || !strings.Contains(r.Fault.What, tc.what) {
					t.Errorf("got %v, want sequence %d: %s", r.Fault, tc.sequence, tc.what)
				}
				if _, err := w.PruneAudit(t.Context(), operator(), "", w.clock.Now()); registry.KindOf(err) != registry.KindConflict {
					t.Errorf("a broken chain was pruned: %v", err)
				}
			})
		}
	}
}

// TestAuditTailCutOffWithItsEnd is what only a copy kept outside shows.
func TestAuditTailCutOffWithItsEnd(t *testing.T) {
	t.Parallel()
	storagetest.Each(t, func(t *testing.T, dialect string) {
		w, do := chained(t, dialect)
		head := w.verify(nil).Head
		kept := &registry.ExpectedHead{Sequence: head.Sequence, MAC: head.MACText()}
		w.client(registry.ClientInput{})
		if r := w.verify(kept); r.Fault != nil {
			t.Fatalf("got %v", r.Fault)
		}
		do("DELETE FROM audit_events WHERE organization_id = ORG AND sequence > 9")
		do("UPDATE audit_chains SET sequence = 9, mac = (SELECT mac FROM audit_events WHERE organization_id = ORG AND sequence = 9) WHERE organization_id = ORG")
		if r := w.verify(nil); r.Fault != nil {
			t.Errorf("got %v, though nothing in the database tells", r.Fault)
		}
		if r := w.verify(kept); r.Fault == nil || r.Fault.Sequence != 10 {
			t.Errorf("got %v, want the tail to be missed", r.Fault)
		}
		for range 3 { // over it grows another tail
			w.client(registry.ClientInput{})
		}
		if r := w.verify(kept); r.Fault == nil || r.Fault.Sequence != 11 {
			t.Errorf("got %v, want another event at the head", r.Fault)
		}
	})
}

func TestAuditPruneLeavesACheckpoint(t *testing.T) {
	t.Parallel()
	storagetest.Each(t, func(t *testing.T, dialect string) {
		w, do := chained(t, dialect)
		before := w.clock.Now().Add(-150 * time.Minute) // three events are younger
		n, err := w.PruneAudit(t.Context(), operator(), w.one.Organization.ID, before)
		if err != nil || n != 8 {
			t.Fatalf("pruned %d, %v, want 8", n, err)
		}
		r := w.verify(nil)
		if r.Fault != nil || r.Events != 4 || r.Head.Sequence != 12 { // three and the pruning itself
			t.Errorf("got %+v, fault %v", r, r.Fault)
		}
		if n, err := w.PruneAudit(t.Context(), operator(), "", before); err != nil || n != 1 { // of the other organization
			t.Errorf("pruned %d, %v, want 1", n, err)
		}
		if r := w.verify(nil); r.Fault != nil || r.Head.Sequence != 12 {
			t.Errorf("pruning nothing left a trace: %+v", r)
		}
		do("DELETE FROM audit_events WHERE organization_id = ORG AND sequence = 9")
		if r := w.verify(nil); r.Fault == nil || r.Fault.Sequence != 9 {
			t.Errorf("got %v, want the first event behind the checkpoint to be missed", r.Fault)
		}
	})
}

// TestAuditEventsFromBeforeTheChain begins a chain behind events without one.
func TestAuditEventsFromBeforeTheChain(t *testing.T) {
	t.Parallel()
	storagetest.Each(t, func(t *testing.T, dialect string) {
		w, do := chained(t, dialect)
		do("UPDATE audit_events SET sequence = NULL, mac = NULL, key_id = NULL WHERE organization_id = ORG")
		do("UPDATE audit_chains SET sequence = 0, mac = NULL WHERE organization_id = ORG")
		if r := w.verify(nil); r.Fault != nil || r.Unchained != 11 || r.Events != 0 {
			t.Errorf("got %+v, fault %v", r, r.Fault)
		}
		w.client(registry.ClientInput{})
		if r := w.verify(nil); r.Fault != nil || r.Unchained != 11 || r.Events != 1 || r.Head.Sequence != 1 {
			t.Errorf("got %+v, fault %v", r, r.Fault)
		}
		if n, err := w.PruneAudit(t.Context(), operator(), w.one.Organization.ID, w.clock.Now()); err != nil || n != 10 {
			t.Errorf("pruned %d, %v, want all but the last of before", n, err)
		}
		if r := w.verify(nil); r.Fault != nil {
			t.Errorf("got %v", r.Fault)
		}
	})
}

// TestAuditChainUnderParallelChanges lets changes and refusals race.
func TestAuditChainUnderParallelChanges(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		actor, stranger := owner(w.one), machine(t, w.one, w.one.Project.ID)
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() {
				if i%2 == 0 {
					_, _ = w.RevokeClient(t.Context(), stranger, "kwc_none", 0)
					return
				}
				if _, _, err := w.CreateClient(t.Context(), actor, registry.ClientInput{Name: rand.Text(), Scopes: []string{"a"}}); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if r := w.verify(nil); r.Fault != nil || r.Events != 21 {
			t.Errorf("got %+v, fault %v", r, r.Fault)
		}
	})
}

// TestAnOrganizationThatCannotBeChangedKeepsNobodyBack: with the end of its
// chain moved back, every change of the first organization fails.
func TestAnOrganizationThatCannotBeChangedKeepsNobodyBack(t *testing.T) {
	t.Parallel()
	storagetest.Each(t, func(t *testing.T, dialect string) {
		w, do := chained(t, dialect)
		start := w.clock.Now().Truncate(aDay).Add(aDay)
		var ids [2]string
		u := usage{w: w}
		for i, o := range []registry.CreatedOrganization{w.one, w.two} { // the broken one is first in order
			d, _, err := w.CreateClient(t.Context(), owner(o), registry.ClientInput{
				Name: "x", Scopes: []string{"free"}, ExpiresAt: start.Add(60*aDay + time.Duration(i)*time.Hour),
			})
			if err != nil {
				t.Fatal(err)
			}
			ids[i] = d.ID
			for _, at := range []time.Time{start, start.Add(40*aDay + time.Duration(i)*time.Hour)} {
				u.deltas = append(u.deltas, registry.UsageDelta{
					Kind: registry.CredentialClient, ID: d.ID, OrganizationID: o.Organization.ID, Count: 1, LastAt: at,
				})
			}
		}
		u.add(t)
		do("UPDATE audit_chains SET sequence = 1 WHERE organization_id = ORG")
		w.clock.set(start.Add(40*aDay + 2*time.Hour))
		if given, err := w.GiveWarnings(t.Context(), registry.Server()); given != 1 || err == nil {
			t.Errorf("gave %d warnings, %v, want that of the other and an error", given, err)
		}
		marks, err := w.MarkUsage(t.Context(), registry.Server(), start.Add(40*aDay))
		if len(marks) != 1 || marks[0].ID != ids[1] || err == nil {
			t.Errorf("made %v, %v, want the silence of the other and an error", marks, err)
		}
	})
}
