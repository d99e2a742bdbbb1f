package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"keywright/configs"
	"keywright/registry"
)

func bootstrapCommand(env Environment) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "bootstrap --organization NAME --email EMAIL",
		Short: "Make the first organization and its owner in an empty database",
		Args:  exactly(0),
	}
	return newOrganization(cmd, env, "organization", (*registry.Service).Bootstrap)
}

// createOrganization is how one of the Service's methods makes an organization.
type createOrganization func(*registry.Service, context.Context, registry.Actor, registry.OrganizationInput) (registry.CreatedOrganization, error)

// newOrganization makes cmd a command that creates an organization, which
// nameFlag names, and prints it.
func newOrganization(cmd *cobra.Command, env Environment, nameFlag string, create createOrganization) *cobra.Command {
	configs.AddFlags(cmd.Flags())
	name := cmd.Flags().String(nameFlag, "", "name of the organization")
	email := cmd.Flags().String("email", "", "e-mail address of its owner")
	asJSON := cmd.Flags().Bool("json", false, "print one JSON object")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if *name == "" || *email == "" {
			return wrongUsage("--%s and --email are required", nameFlag)
		}
		return withService(cmd, env, options{migrate: true}, func(ctx context.Context, a *assembly) error {
			made, err := create(a.service, ctx, operator(""), registry.OrganizationInput{Name: *name, Email: *email})
			if err != nil {
				return err
			}
			return printOrganization(env, made, *asJSON)
		})
	}
	return cmd
}

// printOrganization is the one showing of the password and the admin token.
func printOrganization(env Environment, made registry.CreatedOrganization, asJSON bool) error {
	shown := struct {
		OrganizationID string `json:"organizationId"`
		ProjectID      string `json:"projectId"`
		Email          string `json:"email"`
		Password       string `json:"password"`
		AdminToken     string `json:"adminToken"`
	}{made.Organization.ID, made.Project.ID, made.Owner.Email, made.Password.Reveal(), made.AdminToken.Reveal()}
	if asJSON {
		return json.NewEncoder(env.Stdout).Encode(shown)
	}
	_, err := fmt.Fprintf(env.Stdout, "organization  %s\nproject       %s\nowner         %s\npassword      %s\nadmin token   %s\n",
		shown.OrganizationID, shown.ProjectID, shown.Email, shown.Password, shown.AdminToken)
	return err
}
