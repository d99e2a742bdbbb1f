package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"keywright/admin"
	"keywright/admin/console"
	"keywright/configs"
	"keywright/internal/guess"
	"keywright/internal/signin"
	"keywright/internal/web"
	"keywright/metrics"
	"keywright/oauth"
	"keywright/oauth/signing"
	"keywright/registry"
)

func serveCommand(env Environment) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the server",
		Args:  exactly(0),
	}
	configs.AddFlags(cmd.Flags())
	dev := cmd.Flags().Bool("dev", false, "development: SQLite and keys in ./"+dataFolder+", loopback only, nothing to prepare")
	migrate := cmd.Flags().Bool("migrate", true, "apply pending migrations first")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if *dev {
			return serveDev(cmd, env, *migrate)
		}
		cfg, err := load(cmd, env, nil)
		if err != nil {
			return err
		}
		if err := cfg.CheckServe(); err != nil {
			return err
		}
		return serve(cmd.Context(), cfg, newLogger(env, cfg), options{migrate: *migrate}, func(_ context.Context, s *server) error {
			return s.printSetup(env.Stdout)
		})
	}
	return cmd
}

// server is the running program.
type server struct {
	*assembly
	issuer    string
	ledger    *metrics.Ledger
	metrics   *metrics.Metrics
	health    *web.Health
	listeners listeners
	keys      *signing.Ring
	watched   *metrics.CredentialWatch
	setup     *console.Setup // nil: there is an owner
	setupCode string
}

// serve runs the three listeners until ctx is done or the process is told to
// stop, and returns when everything has come to rest. started is called when
// they are bound and before they answer; it may be nil.
func serve(ctx context.Context, cfg configs.Config, logger *slog.Logger, opts options, started func(context.Context, *server) error) error {
	ctx, restore := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer restore()

	m := metrics.New(build())
	opts.waited = m.ChangeWaited
	a, err := assemble(ctx, cfg, logger, opts)
	if err != nil {
		return err
	}
	defer a.close()
	s, err := newServer(ctx, a, m)
	if err != nil {
		return err
	}
	defer s.listeners.close()
	if started != nil {
		if err := started(ctx, s); err != nil {
			return err
		}
	}

	background, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	var running sync.WaitGroup
	running.Go(func() { s.ledger.Run(background) })
	running.Go(func() { s.prune(background) })
	running.Go(func() { s.keepKeys(background) })
	running.Go(func() { s.logAuditHeads(background) })
	running.Go(func() { s.watch(background) })
	if cfg.CacheSize > 0 {
		running.Go(func() { s.replica.Run(background) })
	} else {
		running.Go(func() { s.replica.Tidy(background) })
	}

	failed := s.listeners.serve(logger)
	select {
	case err = <-failed:
	case <-ctx.Done():
	}
	restore() // a second signal ends the process at once
	s.stop()
	cancel()
	running.Wait()
	s.drainLedger()
	return err
}

// newServer binds the listeners and puts their handlers together.
func newServer(ctx context.Context, a *assembly, m *metrics.Metrics) (_ *server, err error) {
	s := &server{
		assembly: a,
		health:   web.NewHealth(a.db),
		metrics:  m,
		ledger: metrics.NewLedger(metrics.LedgerConfig{
			Store: a.db, Now: time.Now, Rand: rand.Reader, Logger: a.logger,
		}),
	}
	s.metrics.Watch(s.ledger, a.cfg.MetricsCredentials)
	s.watched = s.metrics.WatchCredentials(time.Now())
	s.metrics.WatchAudit(a.service.AuditHeads)
	s.metrics.WatchReadiness(s.health.Ready)
	s.metrics.WatchCache(a.replica.Usable, a.replica.Lookups)
	if s.listeners, err = bind(ctx, a.cfg); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			s.listeners.close()
		}
	}()
	s.issuer = a.cfg.IssuerAt(s.listeners.public.address())

	proxies, err := web.NewProxies(a.cfg.TrustedProxies)
	if err != nil {
		return nil, fmt.Errorf("KEYWRIGHT_TRUSTED_PROXIES: %w", err)
	}
	if s.keys, err = s.newRing(ctx); err != nil {
		return nil, err
	}
	s.health.KeysAreFresh = s.keys.Fresh
	s.metrics.WatchSigningKey(s.keys.SigningKeyAge)
	engine := web.Config{
		Proxies: proxies, Health: s.health, ErrorIDs: a.ids, Now: time.Now, Rand: rand.Reader, Logger: a.logger,
	}
	authenticator := registry.NewAuthenticator(registry.AuthenticatorConfig{HotPath: a.replica, Assertions: a.db, Peppers: a.vault.Peppers(), Uses: s.ledger, Now: time.Now, Guard: guess.NewGuard(time.Now)})
	if s.setup, s.setupCode, err = console.NewSetup(ctx, a.service, time.Now, rand.Reader); err != nil {
		return nil, err
	}
	if err := s.mountPublic(engine, authenticator); err != nil {
		return nil, err
	}
	if err := s.mountAdmin(engine, authenticator); err != nil {
		return nil, err
	}
	s.mountMetrics()
	return s, nil
}

func (s *server) mountPublic(c web.Config, authenticator *registry.Authenticator) error {
	edge, err := oauth.New(oauth.Config{
		Issuer: s.issuer, Authenticator: authenticator, Revoker: s.service, Keys: s.keys, Metrics: s.metrics,
		OpenIDAlias: s.cfg.OpenIDAlias, Now: time.Now, Random: rand.Reader,
	})
	if err != nil {
		return err
	}
	c.Listener, c.MaxBody, c.WriteError = "public", web.MaxPublicBody, edge.WriteError
	engine := web.NewEngine(c)
	edge.Mount(engine)
	s.listeners.public.handle(engine, s.logger)
	return nil
}

func (s *server) mountAdmin(c web.Config, authenticator *registry.Authenticator) error {
	pages, err := console.WriteError(web.WriteProblem)
	if err != nil {
		return err
	}
	c.Listener, c.MaxBody, c.WriteError = "admin", web.MaxAdminBody, pages
	c.Observe = func(route, method string, status int, _ time.Duration) { s.metrics.AdminRequest(route, method, status) }
	engine := web.NewEngine(c)
	sessions := signin.NewKeeper(signin.Config{
		Service: s.service, Store: s.db.SessionTokens(), Now: time.Now,
		SecureCookies: s.cfg.AdminTLSCert != "" || s.cfg.AdminInsecure,
	})
	if err := admin.Mount(engine, admin.Config{
		Service: s.service, Authenticator: authenticator, ParseAccessToken: s.keys.ParseAccessToken, Now: time.Now, Sessions: sessions,
	}); err != nil {
		return err
	}
	if err := console.Mount(engine, console.Config{
		Service: s.service, Authenticator: authenticator, ParseAccessToken: s.keys.ParseAccessToken,
		Sessions: sessions, Setup: s.setup, TicketBox: s.vault.CursorBox(), Issuer: s.issuer, Now: time.Now,
	}); err != nil {
		return err
	}
	s.listeners.admin.handle(engine, s.logger)
	return nil
}

// Entries of the denylist are needed no longer than their tokens live, used
// assertions no longer than they would be accepted; the margin is for clocks
// that disagree.
const (
	pruneInterval = 10 * time.Minute
	pruneMargin   = 24 * time.Hour
)

// feedKept is how long a change stays in the feed: longer than any replica that
// is to go on from where it was. One that was away for longer starts over.
const feedKept = 24 * time.Hour

// prune deletes what the denylist, the feed, used assertions and repeated
// requests no longer need, and ages the usage, now and then.
func (s *server) prune(ctx context.Context) {
	ticker := time.NewTicker(pruneInterval)
	defer ticker.Stop()
	for {
		n, err := s.db.PruneDeniedTokens(ctx, time.Now().Add(-pruneMargin))
		switch {
		case err != nil && ctx.Err() == nil:
			s.logger.WarnContext(ctx, "the denylist was not pruned", "error", err)
		case n > 0:
			s.logger.InfoContext(ctx, "pruned the denylist", "tokens", n)
		}
		if _, err := s.db.PruneFeed(ctx, time.Now().Add(-feedKept)); err != nil && ctx.Err() == nil {
			s.logger.WarnContext(ctx, "the change feed was not pruned", "error", err)
		}
		if _, err := s.db.PruneKeyedRequests(ctx, time.Now().Add(-registry.KeyKept)); err != nil && ctx.Err() == nil {
			s.logger.WarnContext(ctx, "the idempotency keys were not pruned", "error", err)
		}
		if _, err := s.db.PruneUsedAssertions(ctx, time.Now().Add(-pruneMargin)); err != nil && ctx.Err() == nil {
			s.logger.WarnContext(ctx, "the used assertions were not pruned", "error", err)
		}
		if err := s.ageUsage(ctx); err != nil && ctx.Err() == nil {
			s.logger.WarnContext(ctx, "the usage was not aged", "error", err)
		}
		if err := s.forgetWatched(ctx); err != nil && ctx.Err() == nil {
			s.logger.WarnContext(ctx, "the marks and warnings were not pruned", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// auditHeadInterval is how far the heads of the audit chains in the log may
// lag behind: what a crash right after a change leaves out of it.
const auditHeadInterval = time.Minute

// logAuditHeads keeps a copy of the heads of the audit chains in the log.
func (s *server) logAuditHeads(ctx context.Context) {
	ticker := time.NewTicker(auditHeadInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return // closing the assembly logs the last ones
		case <-ticker.C:
			s.service.LogAuditHeads(ctx)
		}
	}
}
