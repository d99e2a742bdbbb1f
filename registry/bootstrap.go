package registry

import (
	"context"
	"encoding/base32"
	"fmt"
	"io"
	"strings"
)

var (
	opBootstrap          = operation{"organization.bootstrap", FeedOrganization, byOperator}
	opOrganizationCreate = operation{"organization.create", FeedOrganization, byOperator}
)

// firstProject is the name of the project that comes with an organization.
const firstProject = "Default"

// OrganizationInput names a new organization and its owner.
type OrganizationInput struct {
	Name, Email string
	Password    string // of the owner; empty: one is made
}

// CreatedOrganization is a new organization with the one showing of its
// owner's password, if that was made, and of an API token for the admin API.
type CreatedOrganization struct {
	Organization Organization
	Owner        Member
	Project      Project // its first
	Password     SecretText
	AdminToken   SecretText
}

// IsEmpty tells whether the installation has no member yet: whether Bootstrap
// would find it empty.
func (s *Service) IsEmpty(ctx context.Context) (bool, error) {
	var has bool
	err := s.Store.Read(ctx, func(r Reader) (err error) {
		has, err = r.HasMember(ctx)
		return err
	})
	return !has, err
}

// Bootstrap makes the first organization and its owner. It is a conflict, and
// changes nothing, if there is a member already.
func (s *Service) Bootstrap(ctx context.Context, actor Actor, in OrganizationInput) (CreatedOrganization, error) {
	return s.createOrganization(ctx, actor, opBootstrap, in)
}

// CreateOrganization makes a further organization and its owner.
func (s *Service) CreateOrganization(ctx context.Context, actor Actor, in OrganizationInput) (CreatedOrganization, error) {
	return s.createOrganization(ctx, actor, opOrganizationCreate, in)
}

func (s *Service) createOrganization(ctx context.Context, actor Actor, op operation, in OrganizationInput) (CreatedOrganization, error) {
	var v invalid
	name, email := v.name("organization", in.Name), v.email("email", in.Email)
	if in.Password != "" {
		v.text("password", in.Password, minPassword, maxPassword)
	}
	if err := v.err(); err != nil {
		return CreatedOrganization{}, err
	}
	ids := make([]string, 4)
	for i, prefix := range []string{PrefixOrganization, PrefixMember, PrefixAPIToken, PrefixProject} {
		id, err := NewID(s.Rand, prefix)
		if err != nil {
			return CreatedOrganization{}, err
		}
		ids[i] = id
	}
	made := CreatedOrganization{}
	password := in.Password
	if password == "" {
		fresh, err := newPassword(s.Rand)
		if err != nil {
			return CreatedOrganization{}, err
		}
		made.Password, password = fresh, fresh.Reveal()
	}
	hash, err := s.Hash(password)
	if err != nil {
		return CreatedOrganization{}, fmt.Errorf("hash a password: %w", err)
	}

	actor.OrganizationID = ids[0]
	err = s.change(ctx, actor, op, ids[0], func(c *change) error {
		// Two bootstraps at once: the feed's counter lets one pass after the other.
		if err := c.lockFeed(ctx); err != nil {
			return err
		}
		if op == opBootstrap {
			if has, err := c.HasMember(ctx); err != nil {
				return err
			} else if has {
				return Conflict(CodeConflict, "there is an owner already: bootstrap is for an empty database")
			}
		}
		made.Organization = Organization{
			ID: ids[0], Name: name, RotationAge: DefaultRotationAge, Revision: 1, CreatedAt: c.now, UpdatedAt: c.now,
		}
		if err := c.InsertOrganization(ctx, made.Organization); err != nil {
			return err
		}
		made.Project = Project{
			ID: ids[3], OrganizationID: ids[0], Name: firstProject, Revision: 1, CreatedAt: c.now, UpdatedAt: c.now,
		}
		if err := c.InsertProject(ctx, made.Project); err != nil {
			return err
		}
		made.Owner = Member{
			ID: ids[1], OrganizationID: ids[0], Email: email, Role: RoleOwner, PasswordHash: hash,
			Revision: 1, CreatedAt: c.now, UpdatedAt: c.now,
		}
		if err := c.InsertMember(ctx, made.Owner); err != nil {
			return err
		}
		c.after = map[string]any{"name": name, "owner": email, "projectId": made.Project.ID}
		_, made.AdminToken, err = s.createAPIToken(ctx, c, ids[2], APITokenInput{
			Name: "Administration", Description: "Made with the organization, for the admin API.",
			Type: TokenTypeOrganization, Scopes: []string{ScopeAdminRead, ScopeAdminWrite}, Permissions: []string{"read", "write"},
		})
		return err
	})
	return made, err
}

// email checks the form of an e-mail address, no more than mail servers agree on.
func (v *invalid) email(field, value string) string {
	known := len(v.fields)
	value = strings.ToLower(v.text(field, value, 3, 254))
	local, domain, ok := strings.Cut(value, "@")
	if len(v.fields) > known {
		return value
	}
	if !ok || local == "" || domain == "" || strings.ContainsAny(value, " \t\n") || strings.Contains(domain, "@") {
		v.add(field, "must be an e-mail address")
	}
	return value
}

// newPassword makes a password of 160 random bits.
func newPassword(random io.Reader) (SecretText, error) {
	var raw [20]byte
	if _, err := io.ReadFull(random, raw[:]); err != nil {
		return SecretText{}, fmt.Errorf("read randomness for a password: %w", err)
	}
	return SecretText{strings.ToLower(base32.StdEncoding.EncodeToString(raw[:]))}, nil
}
