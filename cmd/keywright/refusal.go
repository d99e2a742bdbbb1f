package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"keywright/configs"
)

func refusalCommand(env Environment) *cobra.Command {
	show := &cobra.Command{
		Use:   "show ERROR_ID",
		Short: "Tell why something was refused, from the error id of the answer",
		Args:  exactly(1),
	}
	configs.AddFlags(show.Flags())
	show.RunE = func(cmd *cobra.Command, args []string) error {
		return withService(cmd, env, options{}, func(ctx context.Context, a *assembly) error {
			r, err := a.service.Refusal(ctx, operator(""), args[0])
			if err != nil {
				return err
			}
			fmt.Fprintf(env.Stdout, "cause         %s\nmeaning       %s\nadvice        %s\nat            %s\n",
				r.Cause, r.Cause.Meaning(), r.Cause.Advice(), r.At.Format(time.RFC3339Nano))
			if r.OrganizationID != "" {
				fmt.Fprintf(env.Stdout, "organization  %s\n", r.OrganizationID)
			}
			if r.Credential.ID != "" {
				fmt.Fprintf(env.Stdout, "credential    %s %s\n", r.Credential.Kind, r.Credential.ID)
			}
			if r.CredentialName != "" {
				fmt.Fprintf(env.Stdout, "name          %s\n", r.CredentialName)
			}
			return nil
		})
	}
	return group(&cobra.Command{Use: "refusal", Short: "Refusals and their causes"}, show)
}
