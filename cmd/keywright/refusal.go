package main

import (
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
		cfg, err := load(cmd, env, nil)
		if err != nil {
			return err
		}
		if err := cfg.CheckKeys(); err != nil {
			return err
		}
		a, err := assemble(cmd.Context(), cfg, newLogger(env, cfg), options{})
		if err != nil {
			return err
		}
		defer a.close()
		r, err := a.service.Refusal(cmd.Context(), operator(""), args[0])
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
	}
	return group(&cobra.Command{Use: "refusal", Short: "Refusals and their causes"}, show)
}
