package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"keywright/configs"
)

func masterKeyCommand(env Environment) *cobra.Command {
	rotate := &cobra.Command{
		Use:   "rotate",
		Short: "Seal every key of the database anew under the first master key of the list",
		Long: `To replace the master key:

  1. put a new one behind the old in KEYWRIGHT_MASTER_KEY, separated by a comma,
     for every replica, and restart them one after the other: then each can open
     what the new one seals;
  2. put it in front of the old, and restart them again;
  3. run this command with the same list;
  4. take the old one off the list, and restart them.

Nothing else changes: secrets, tokens and error ids stay good, because the keys
that they depend on stay the same.`,
		Args: exactly(0),
	}
	configs.AddFlags(rotate.Flags())
	rotate.RunE = func(cmd *cobra.Command, _ []string) error {
		return withService(cmd, env, options{}, func(ctx context.Context, a *assembly) error {
			n, err := a.vault.Reseal(ctx)
			if err != nil {
				return err
			}
			fmt.Fprintf(env.Stdout, "sealed %d keys anew; the first master key of the list now opens everything\n", n)
			return nil
		})
	}
	return group(&cobra.Command{Use: "master-key", Short: "The key that seals the keys in the database"}, rotate)
}
