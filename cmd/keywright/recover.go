package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"keywright/configs"
)

func recoverCommand(env Environment) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "recover",
		Short: "After a restore from backup: end every token and session from before, and say what is lost",
		Long: `Run it once after a database was restored from a backup, before the server starts.
Every access token issued so far dies, those of after the backup too, and every
console session ends. Credentials are as they were in the backup: one that was
revoked, deleted or rotated since is good again with its old secret. The time
that is printed for each organization is that of the last change in the backup;
look through what was changed after it, in the log or in exports of the audit.`,
		Args: exactly(0),
	}
	configs.AddFlags(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return withService(cmd, env, options{}, func(ctx context.Context, a *assembly) error {
			recovered, err := a.service.Recover(ctx, operator(""))
			for _, r := range recovered {
				last := "never"
				if !r.LastChange.IsZero() {
					last = r.LastChange.Format(time.RFC3339)
				}
				fmt.Fprintf(env.Stdout, "%s  last change in the backup %s  tokens cut off at %d  %s\n",
					r.OrganizationID, last, r.Position, r.Name)
			}
			if err == nil && len(recovered) > 0 {
				fmt.Fprintln(env.Stdout, "Lost: every change after those times. Credentials revoked, deleted or rotated since are good again: take them back anew.")
			}
			return err
		})
	}
	return cmd
}
