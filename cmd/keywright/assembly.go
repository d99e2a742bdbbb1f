package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"keywright/configs"
	"keywright/internal/jwk"
	"keywright/internal/onetime"
	"keywright/internal/password"
	"keywright/internal/replica"
	"keywright/internal/seal"
	"keywright/internal/vault"
	"keywright/registry"
	"keywright/storage"
)

// assembly is the domain over an open database: what every command that
// touches credentials works with.
type assembly struct {
	cfg     configs.Config
	logger  *slog.Logger
	db      *storage.DB
	vault   *vault.Vault
	ids     *registry.ErrorIDs
	replica *replica.Replica
	service *registry.Service
}

// passwordSeats is how many passwords are hashed at once, 64 MiB each.
const passwordSeats = 4

// options are how an assembly differs from command to command.
type options struct {
	migrate     bool                // apply pending migrations first
	onStatement func(string)        // sees the SQL statements, in benchmarks and tests
	waited      func(time.Duration) // told of each change how long it waited for other replicas; may be nil
}

// assemble opens the database and the keys in it. The caller closes it.
func assemble(ctx context.Context, cfg configs.Config, logger *slog.Logger, opts options) (_ *assembly, err error) {
	master, err := seal.ParseMaster(cfg.MasterKey.Reveal(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("KEYWRIGHT_MASTER_KEY: %w", err)
	}
	db, err := openDatabase(ctx, cfg, logger, opts.onStatement)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			db.Close()
		}
	}()
	if err := prepare(ctx, db, opts.migrate); err != nil {
		return nil, err
	}
	keys, err := vault.Open(ctx, vault.Config{
		Store: db, Master: master, Random: rand.Reader, Now: time.Now,
		SigningAlgorithm: cfg.SigningAlgorithm, SigningKeyLifetime: cfg.SigningKeyLifetime,
	})
	if err != nil {
		return nil, err
	}
	copied, err := newReplica(cfg, db, logger, opts.waited)
	if err != nil {
		return nil, err
	}
	ids := registry.NewErrorIDs(keys.RefusalBox())
	bench := password.NewBench(rand.Reader, passwordSeats)
	service := registry.NewService(registry.ServiceConfig{
		Store: copied.Store(db), Peppers: keys.Peppers(), AuditKeys: keys.AuditKeys(), ErrorIDs: ids, CursorBox: keys.CursorBox(),
		Now: time.Now, Rand: rand.Reader, Logger: logger,
		Hash: bench.Hash, Verify: bench.Verify, OneTimeCodes: onetime.NewCodes(rand.Reader), OneTimeBox: keys.OneTimeBox(),
		SigningSchedule: keys.SigningSchedule(),
		UsageRules: registry.UsageRules{
			SpikeFactor: int64(cfg.UsageSpikeFactor), SpikeMinimum: int64(cfg.UsageSpikeMinimum),
			Silence: cfg.UsageSilence, NewNetworkAfter: cfg.UsageNewNetwork,
		},
		UsageHoursKept: cfg.UsageHoursKept, UsageDaysKept: cfg.UsageDaysKept,
		ParseKeys: jwk.ParseSet,
	})
	return &assembly{cfg, logger, db, keys, ids, copied, service}, nil
}

// withService runs fn on the database that the configuration names.
func withService(cmd *cobra.Command, env Environment, opts options, fn func(context.Context, *assembly) error) error {
	cfg, err := load(cmd, env, nil)
	if err != nil {
		return err
	}
	if err := cfg.CheckKeys(); err != nil {
		return err
	}
	a, err := assemble(cmd.Context(), cfg, newLogger(env, cfg), opts)
	if err != nil {
		return err
	}
	defer a.close()
	return fn(cmd.Context(), a)
}

// newReplica makes what waits, after each change, for the replicas that answer
// from memory. It is itself one of them once it runs.
func newReplica(cfg configs.Config, db *storage.DB, logger *slog.Logger, waited func(time.Duration)) (*replica.Replica, error) {
	c := replica.Config{
		HotPath: db, Feed: db, Size: cfg.CacheSize, Waited: waited, Now: time.Now, Rand: rand.Reader, Logger: logger,
	}
	if db.Shared() {
		c.Leases = db
	}
	return replica.New(c)
}

func (a *assembly) close() {
	a.service.LogAuditHeads(context.Background())
	if err := a.db.Close(); err != nil {
		a.logger.Error("the database did not close in order", "error", err)
	}
}

func openDatabase(ctx context.Context, cfg configs.Config, logger *slog.Logger, onStatement func(string)) (*storage.DB, error) {
	db, err := storage.Open(ctx, storage.Config{
		URL: cfg.DatabaseURL.Reveal(), PoolSize: cfg.DatabasePool, Timeout: cfg.DatabaseTimeout,
		Logger: logger, OnStatement: onStatement,
	})
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", configs.RedactURL(cfg.DatabaseURL.Reveal()), err)
	}
	return db, nil
}

// operator is the actor of the command line.
func operator(organizationID string) registry.Actor {
	return registry.Actor{
		Principal:      registry.Principal{Kind: registry.ActorOperator},
		OrganizationID: organizationID,
		Via:            registry.ViaBootstrap,
	}
}

// prepare brings the schema up to date, or refuses one that lacks something.
func prepare(ctx context.Context, db *storage.DB, migrate bool) error {
	if migrate {
		return db.Migrate(ctx)
	}
	status, err := db.MigrationStatus(ctx)
	if err != nil {
		return err
	}
	if len(status.Pending) > 0 {
		return fmt.Errorf("the schema lacks %s: run keywright migrate up", strings.Join(status.Pending, ", "))
	}
	return nil
}
