package registry

import (
	"context"
	"time"
)

var opOrganizationUpdate = operation{"organization.update", FeedOrganization, byPersonAdmin}

// Bounds of an organization's policy.
const (
	minCredentialLifetime = time.Hour
	maxCredentialLifetime = 3650 * 24 * time.Hour
	minRotationAge        = 24 * time.Hour
	maxRotationAge        = 3650 * 24 * time.Hour
)

// OrganizationPatch is a partial change of an organization. Zero clears a
// limit, and gives the rotation age its default.
type OrganizationPatch struct {
	Name                  *string
	MaxCredentialLifetime *time.Duration
	MaxTokenTTL           *time.Duration
	RotationAge           *time.Duration
}

// Organization returns the actor's organization.
func (s *Service) Organization(ctx context.Context, actor Actor) (Organization, error) {
	var o Organization
	err := s.read(ctx, actor, func(r Reader) (err error) {
		o, err = r.Organization(ctx, actor.OrganizationID)
		return err
	})
	return o, err
}

// UpdateOrganization changes the name or the policy. A lower limit holds for
// what is created, extended or issued from now on. match is the revision of
// If-Match, or 0.
func (s *Service) UpdateOrganization(ctx context.Context, actor Actor, p OrganizationPatch, match int64) (Organization, error) {
	var o Organization
	err := s.change(ctx, actor, opOrganizationUpdate, actor.OrganizationID, func(c *change) (err error) {
		if o, err = c.OrganizationForUpdate(ctx, c.organizationID); err != nil {
			return err
		}
		if err := matches(o.Revision, match); err != nil {
			return err
		}
		c.before = auditOrganization(o)
		var v invalid
		v.applyOrganization(&o, p)
		if err := v.err(); err != nil {
			return err
		}
		o.Revision++
		o.UpdatedAt = c.now
		c.after = auditOrganization(o)
		return c.UpdateOrganization(ctx, o)
	})
	return o, err
}

func (v *invalid) applyOrganization(o *Organization, p OrganizationPatch) {
	if p.Name != nil {
		o.Name = v.name("name", *p.Name)
	}
	if p.MaxCredentialLifetime != nil {
		o.MaxCredentialLifetime = v.limit("maxCredentialLifetimeSeconds", *p.MaxCredentialLifetime, minCredentialLifetime, maxCredentialLifetime)
	}
	if p.MaxTokenTTL != nil {
		o.MaxTokenTTL = v.limit("maxTokenTtlSeconds", *p.MaxTokenTTL, MinTokenTTL, MaxTokenTTL)
	}
	if p.RotationAge != nil {
		o.RotationAge = v.limit("rotationAgeSeconds", *p.RotationAge, minRotationAge, maxRotationAge)
		if o.RotationAge == 0 {
			o.RotationAge = DefaultRotationAge
		}
	}
}

// limit checks a number of seconds; zero is none.
func (v *invalid) limit(field string, value, least, most time.Duration) time.Duration {
	if value != 0 && (value < least || value > most) {
		v.add(field, "must lie between %d and %d, or be null", int64(least.Seconds()), int64(most.Seconds()))
	}
	return value
}

func auditOrganization(o Organization) any {
	return map[string]any{
		"name": o.Name, "maxCredentialLifetimeSeconds": int64(o.MaxCredentialLifetime.Seconds()),
		"maxTokenTtlSeconds": int64(o.MaxTokenTTL.Seconds()), "rotationAgeSeconds": int64(o.RotationAge.Seconds()),
		"revision": o.Revision,
	}
}
