package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"keywright/configs"
	"keywright/storage"
)

func migrateCommand(env Environment) *cobra.Command {
	up := &cobra.Command{
		Use:   "up",
		Short: "Apply the pending migrations",
		Args:  exactly(0),
	}
	status := &cobra.Command{
		Use:   "status",
		Short: "Show which migrations are applied and pending",
		Args:  exactly(0),
	}
	for cmd, run := range map[*cobra.Command]func(context.Context, *storage.DB) error{
		up: func(ctx context.Context, db *storage.DB) error {
			if err := db.Migrate(ctx); err != nil {
				return err
			}
			return printStatus(ctx, env, db)
		},
		status: func(ctx context.Context, db *storage.DB) error { return printStatus(ctx, env, db) },
	} {
		configs.AddFlags(cmd.Flags())
		cmd.RunE = func(cmd *cobra.Command, _ []string) error {
			cfg, err := load(cmd, env, nil)
			if err != nil {
				return err
			}
			if err := cfg.CheckDatabase(); err != nil {
				return err
			}
			db, err := openDatabase(cmd.Context(), cfg, newLogger(env, cfg), nil)
			if err != nil {
				return err
			}
			defer db.Close()
			return run(cmd.Context(), db)
		}
	}
	return group(&cobra.Command{Use: "migrate", Short: "The schema of the database"}, up, status)
}

func printStatus(ctx context.Context, env Environment, db *storage.DB) error {
	status, err := db.MigrationStatus(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(env.Stdout, "schema version %d of %d\n", status.Current, status.Latest)
	for _, name := range status.Pending {
		fmt.Fprintf(env.Stdout, "pending %s\n", name)
	}
	return nil
}
