package main

import (
	"github.com/spf13/cobra"

	"keywright/registry"
)

func organizationCommand(env Environment) *cobra.Command {
	create := &cobra.Command{
		Use:   "create --name NAME --email EMAIL",
		Short: "Make a further organization and its owner",
		Args:  exactly(0),
	}
	newOrganization(create, env, "name", (*registry.Service).CreateOrganization)
	return group(&cobra.Command{Use: "organization", Short: "Organizations, the tenants"}, create)
}
