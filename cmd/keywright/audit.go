package main

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"keywright/configs"
	"keywright/registry"
)

func auditCommand(env Environment) *cobra.Command {
	return group(&cobra.Command{Use: "audit", Short: "The audit trail"}, auditVerifyCommand(env), auditPruneCommand(env))
}

func auditVerifyCommand(env Environment) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "verify [--organization ID [--head SEQUENCE:MAC]]",
		Short: "Walk the audit chains and name the first event that was changed, reordered or taken out",
		Long: `Walk the audit chain of one organization or of all. It prints a line for each
and ends with 1 if one is broken, naming the first bad place.

Somebody who can write to the database can take the newest events away together
with the note of where the chain ends. Compare the head that is printed with the
last one in the log ("audit chain") or in the metrics
keywright_audit_chain_sequence and keywright_audit_chain_fingerprint, or hand an
older head of the log in with --head: it must still be in the chain.`,
		Args: exactly(0),
	}
	configs.AddFlags(cmd.Flags())
	organization := cmd.Flags().String("organization", "", "id of the organization; all without it")
	head := cmd.Flags().String("head", "", "a head that was kept outside, SEQUENCE:MAC")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		expected, err := parseHead(*head, *organization)
		if err != nil {
			return err
		}
		return withService(cmd, env, options{}, func(ctx context.Context, a *assembly) error {
			reports, err := a.service.VerifyAudit(ctx, operator(""), *organization, expected)
			if err != nil {
				return err
			}
			var broken []string
			for _, r := range reports {
				if r.Fault != nil {
					broken = append(broken, fmt.Sprintf("the chain of %s is broken at %s", r.OrganizationID, r.Fault))
					continue
				}
				fmt.Fprintf(env.Stdout, "%s  events %d  before the chain %d  head %d:%s  fingerprint %d\n",
					r.OrganizationID, r.Events, r.Unchained, r.Head.Sequence, r.Head.MACText(), r.Head.Fingerprint())
			}
			if len(broken) > 0 {
				return fmt.Errorf("%s", strings.Join(broken, "; "))
			}
			return nil
		})
	}
	return cmd
}

var headForm = regexp.MustCompile(`^([1-9][0-9]{0,17}):([0-9a-f]{64})$`)

func parseHead(text, organization string) (*registry.ExpectedHead, error) {
	if text == "" {
		return nil, nil
	}
	found := headForm.FindStringSubmatch(text)
	if found == nil || organization == "" {
		return nil, wrongUsage("--head is SEQUENCE:MAC, and goes with --organization")
	}
	sequence, err := strconv.ParseInt(found[1], 10, 64)
	return &registry.ExpectedHead{Sequence: sequence, MAC: found[2]}, err
}

func auditPruneCommand(env Environment) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "prune --before DATE [--organization ID]",
		Short: "Delete old audit events; the rest still verifies",
		Args:  exactly(0),
	}
	configs.AddFlags(cmd.Flags())
	organization := cmd.Flags().String("organization", "", "id of the organization; all without it")
	date := cmd.Flags().String("before", "", "2006-01-02 (UTC) or an RFC 3339 time")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		before, err := time.Parse(time.DateOnly, *date)
		if err != nil {
			before, err = time.Parse(time.RFC3339, *date)
		}
		if err != nil || before.After(time.Now()) {
			return wrongUsage("--before is required: a date such as 2026-01-31 or an RFC 3339 time, in the past")
		}
		return withService(cmd, env, options{}, func(ctx context.Context, a *assembly) error {
			n, err := a.service.PruneAudit(ctx, operator(""), *organization, before)
			fmt.Fprintf(env.Stdout, "pruned %d events\n", n)
			return err
		})
	}
	return cmd
}
