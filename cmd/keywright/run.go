package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"keywright/registry"
)

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1 // refused or failed; the reason is on stderr
	exitUsage  = 2 // wrong usage
)

// Environment is what a command sees of the process it runs in.
type Environment struct {
	Stdout  io.Writer // results
	Stderr  io.Writer // everything else
	Environ []string  // as os.Environ returns it
}

// System is the environment of this process.
func System() Environment {
	return Environment{Stdout: os.Stdout, Stderr: os.Stderr, Environ: os.Environ()}
}

// Run runs the command line and returns the exit code. When ctx is done, or on
// SIGINT and SIGTERM, a server stops gracefully.
func Run(ctx context.Context, args []string, env Environment) int {
	root := &cobra.Command{
		Use:           "keywright",
		Short:         "An OAuth 2.0 authorization server and credential manager for machines",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	group(root,
		serveCommand(env), bootstrapCommand(env), organizationCommand(env), migrateCommand(env),
		auditCommand(env), recoverCommand(env), masterKeyCommand(env), refusalCommand(env), configCommand(env), versionCommand(env))
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{err} })
	root.SetArgs(args)
	root.SetOut(env.Stdout)
	root.SetErr(env.Stderr)

	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitDone
	}
	fmt.Fprintln(env.Stderr, "keywright:", reason(err))
	if _, wrong := errors.AsType[*usageError](err); wrong {
		fmt.Fprintf(env.Stderr, "Run '%s --help' for usage.\n", cmd.CommandPath())
		return exitUsage
	}
	return exitFailed
}

// usageError is a command line that makes no sense.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }

func wrongUsage(format string, args ...any) error { return &usageError{fmt.Errorf(format, args...)} }

// reason is why a command failed, in one line: for a refusal of the domain
// what its callers are told, and what lies behind it.
func reason(err error) string {
	text := err.Error()
	if e, ok := errors.AsType[*registry.Error](err); ok && e.Err == nil {
		text = e.Message
		for _, f := range e.Fields {
			text += "; " + f.Field + " " + f.Message
		}
	}
	return strings.Join(strings.Fields(text), " ")
}

// group gives a command its subcommands. Alone, or with one that it has not,
// it is wrong usage.
func group(cmd *cobra.Command, subcommands ...*cobra.Command) *cobra.Command {
	cmd.AddCommand(subcommands...)
	cmd.Args = cobra.ArbitraryArgs
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return wrongUsage("unknown command %q", args[0])
		}
		return wrongUsage("%s needs a command", cmd.CommandPath())
	}
	return cmd
}

// exactly takes that many arguments.
func exactly(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := cobra.ExactArgs(n)(cmd, args); err != nil {
			return &usageError{err}
		}
		return nil
	}
}
