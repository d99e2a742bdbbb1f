package replica

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"keywright/registry"
	"keywright/storage"
	"keywright/storage/storagetest"
)

var noon = time.Date(2031, 5, 6, 12, 0, 0, 0, time.UTC)

// world is a database with one organization in it, which several replicas share.
type world struct {
	t            *testing.T
	url          string
	organization registry.Organization
}

func newWorld(t *testing.T, dialect string) *world {
	t.Helper()
	return &world{t: t, url: storagetest.URL(t, dialect), organization: registry.Organization{
		ID: newID(t, "org_"), Name: "Acme", MaxTokenTTL: time.Hour, RotationAge: registry.DefaultRotationAge, Revision: 1,
		CreatedAt: noon, UpdatedAt: noon,
	}}
}

// server is one process: a replica and what it changes by.
type server struct {
	*Replica
	world      *world
	db         *storage.DB
	store      registry.Store
	statements *atomic.Int64
	clock      *clock
}

// server returns one that does not follow the feed yet. Its clock stands still
// unless it is moved.
func (w *world) server() *server {
	w.t.Helper()
	s := &server{world: w, statements: &atomic.Int64{}, clock: &clock{}}
	s.clock.now.Store(new(time.Now()))
	s.db = storagetest.OpenWith(w.t, storage.Config{URL: w.url, OnStatement: func(string) { s.statements.Add(1) }})
	c := Config{HotPath: s.db, Feed: s.db, Now: s.clock.Now, Rand: rand.Reader, Logger: slog.New(slog.DiscardHandler)}
	if s.db.Shared() {
		c.Leases = s.db
	}
	var err error
	if s.Replica, err = New(c); err != nil {
		w.t.Fatal(err)
	}
	s.store = s.Store(s.db)
	return s
}

// clock is a clock that a test moves.
type clock struct{ now atomic.Pointer[time.Time] }

func (c *clock) Now() time.Time { return *c.now.Load() }

func (c *clock) advance(d time.Duration) { c.now.Store(new(c.Now().Add(d))) }

// keepUpNow makes the replica follow the feed by hand, once.
func (s *server) keepUpNow() {
	s.world.t.Helper()
	if err := s.step(s.world.t.Context()); err != nil {
		s.world.t.Fatal(err)
	}
}

// change makes a change of the kind and target.
func (s *server) change(kind, target string, fn func(registry.Tx) error) {
	s.world.t.Helper()
	err := s.store.Change(s.world.t.Context(), func(tx registry.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		at, err := tx.NextPosition(s.world.t.Context())
		if err != nil {
			return err
		}
		return tx.AppendFeed(s.world.t.Context(), registry.FeedRow{
			Position: at, Kind: kind, OrganizationID: s.world.organization.ID, TargetID: target, At: time.Now(),
		})
	})
	if err != nil {
		s.world.t.Fatal(err)
	}
}

// bootstrap makes the organization.
func (s *server) bootstrap() {
	s.world.t.Helper()
	s.change(registry.FeedOrganization, s.world.organization.ID, func(tx registry.Tx) error {
		return tx.InsertOrganization(s.world.t.Context(), s.world.organization)
	})
}

// create makes a client of that name.
func (s *server) create(name string) registry.Client {
	s.world.t.Helper()
	return s.createWith(name)
}

// createWith makes a client of that name and scopes.
func (s *server) createWith(name string, scopes ...string) registry.Client {
	s.world.t.Helper()
	c := registry.Client{
		ID: newID(s.world.t, "kwc_"), OrganizationID: s.world.organization.ID, Name: name, IsActive: true,
		AuthMethod: registry.AuthClientSecret, TokenFormat: registry.FormatOpaque, TokenTTL: time.Minute, Revision: 1,
		Scopes: scopes, CreatedAt: noon, UpdatedAt: noon,
	}
	s.change(registry.FeedClient, c.ID, func(tx registry.Tx) error { return tx.InsertClient(s.world.t.Context(), c) })
	return c
}

// rename gives a client another name.
func (s *server) rename(c registry.Client, name string) {
	s.world.t.Helper()
	c.Name, c.Revision = name, c.Revision+1
	s.change(registry.FeedClient, c.ID, func(tx registry.Tx) error { return tx.UpdateClient(s.world.t.Context(), c) })
}

// name is the client's name as the hot path sees it, or the kind of the error.
func (s *server) name(c registry.Client) string {
	s.world.t.Helper()
	state, err := s.ClientState(s.world.t.Context(), c.ID)
	if err != nil {
		return fmt.Sprint("error of kind ", registry.KindOf(err))
	}
	return state.Client.Name
}

// wantName checks the name, and by how many statements it is found out.
func (s *server) wantName(c registry.Client, want string, statements int64) {
	s.world.t.Helper()
	before := s.statements.Load()
	if got := s.name(c); got != want {
		s.world.t.Errorf("got %q, want %q", got, want)
	}
	if got := s.statements.Load() - before; got != statements {
		s.world.t.Errorf("%q took %d statements, want %d", want, got, statements)
	}
}

var notFound = fmt.Sprint("error of kind ", registry.KindNotFound)

func newID(t *testing.T, prefix string) string {
	t.Helper()
	id, err := registry.NewID(rand.Reader, prefix)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// eachDialect runs a test on every dialect, in parallel.
func eachDialect(t *testing.T, test func(t *testing.T, w *world)) {
	t.Parallel()
	storagetest.Each(t, func(t *testing.T, dialect string) { test(t, newWorld(t, dialect)) })
}

// running makes the replica follow the feed by itself until the test ends.
func (s *server) running() {
	ctx, cancel := context.WithCancel(s.world.t.Context())
	done := make(chan struct{})
	go func() { defer close(done); s.Run(ctx) }()
	s.world.t.Cleanup(func() { cancel(); <-done })
}
