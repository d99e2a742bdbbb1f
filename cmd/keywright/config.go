package main

import (
	"log/slog"

	"github.com/spf13/cobra"

	"keywright/configs"
)

func configCommand(env Environment) *cobra.Command {
	show := &cobra.Command{
		Use:   "print",
		Short: "Print the effective configuration, secrets redacted",
		Args:  exactly(0),
	}
	configs.AddFlags(show.Flags())
	show.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := load(cmd, env, nil)
		if err != nil {
			return err
		}
		return configs.Print(env.Stdout, cfg)
	}
	return group(&cobra.Command{Use: "config", Short: "The configuration"}, show)
}

// load reads the configuration for a command with the flags of configs.AddFlags.
func load(cmd *cobra.Command, env Environment, presets map[string]string) (configs.Config, error) {
	return configs.Load(configs.Source{Environ: env.Environ, Flags: cmd.Flags(), Presets: presets})
}

func newLogger(env Environment, cfg configs.Config) *slog.Logger {
	return slog.New(slog.NewJSONHandler(env.Stderr, &slog.HandlerOptions{Level: cfg.LogLevel}))
}
