package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"keywright/metrics"
)

// Set by the linker; see Makefile. A plain go build or go install leaves them
// empty, and what the toolchain recorded is shown instead.
var version, commit string

func versionCommand(env Environment) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print version, commit and Go version",
		Args:  exactly(0),
		RunE: func(*cobra.Command, []string) error {
			b := build()
			_, err := fmt.Fprintf(env.Stdout, "keywright %s\ncommit %s\n%s\n", b.Version, b.Commit, b.GoVersion)
			return err
		},
	}
}

// build says which binary this is.
func build() metrics.Build {
	b := metrics.Build{Version: version, Commit: commit, GoVersion: runtime.Version()}
	info, ok := debug.ReadBuildInfo()
	if ok && b.Version == "" {
		b.Version = info.Main.Version
	}
	if ok && b.Commit == "" {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				b.Commit = s.Value
			}
		}
	}
	if b.Version == "" {
		b.Version = "(devel)"
	}
	if b.Commit == "" {
		b.Commit = "unknown"
	}
	return b
}
