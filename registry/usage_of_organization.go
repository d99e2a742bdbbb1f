package registry

import (
	"context"
	"time"
)

const (
	// topReported and recentMarks bound the lists of an OrganizationReport.
	topReported = 10
	recentMarks = 20
)

// OrganizationUsageQuery asks for the usage of an organization.
type OrganizationUsageQuery struct {
	UsageQuery
	ProjectID string        // empty: all, or the project that the actor is bound to
	UnusedFor time.Duration // without use for so long counts as unused; 0: all do
}

// OrganizationReport is the use of the credentials of an organization, or of
// one project, over a range of time, and what stands out among them now.
type OrganizationReport struct {
	// UsageSeries of an organization has the use of what was deleted meanwhile
	// in it; that of a project has not.
	UsageSeries
	Top       []TopCredential // most used in the range
	Counts    CredentialCounts
	UnusedFor time.Duration
	Marks     []UsageMark // of the range, newest first
}

// TopCredential is a credential that is used a lot.
type TopCredential struct {
	CredentialUsage
	Name string
}

// OrganizationUsage returns the use of the actor's organization, or project
// when it is bound to one.
func (s *Service) OrganizationUsage(ctx context.Context, actor Actor, q OrganizationUsageQuery) (OrganizationReport, error) {
	report := OrganizationReport{UnusedFor: q.UnusedFor}
	err := s.read(ctx, actor, func(r Reader) error {
		if q.UnusedFor < 0 || q.UnusedFor > longestSpan {
			return MalformedParameter("unusedFor", "must lie between 0 and %d", int64(longestSpan.Seconds()))
		}
		within, err := s.usageRange(q.UsageQuery)
		if err != nil {
			return err
		}
		project, err := projectRead(ctx, r, actor, q.ProjectID)
		if err != nil {
			return err
		}
		return s.reportOrganization(ctx, r, &report, actor.OrganizationID, project, within)
	})
	return report, err
}

// projectRead is the project that a read is narrowed to; empty for none.
func projectRead(ctx context.Context, r Reader, actor Actor, id string) (string, error) {
	if id == "" {
		return actor.ProjectID, nil
	}
	if !IsID(id, PrefixProject) || !actor.reaches(id) {
		return "", NotFound("project")
	}
	_, err := r.Project(ctx, actor.OrganizationID, id)
	return id, err
}

func (s *Service) reportOrganization(
	ctx context.Context, r Reader, report *OrganizationReport, organizationID, projectID string, within UsageRange,
) error {
	var buckets []UsageBucket
	var err error
	if projectID != "" {
		buckets, err = r.ProjectUsage(ctx, organizationID, projectID, within)
	} else {
		buckets, err = r.UsageBuckets(ctx, UsageOrganization, organizationID, within)
	}
	if err != nil {
		return err
	}
	report.UsageSeries = seriesOf(within, buckets)
	if report.Top, err = topOf(ctx, r, organizationID, projectID, within); err != nil {
		return err
	}
	now := s.now()
	report.Counts, err = r.CredentialCounts(ctx, CountQuery{
		OrganizationID: organizationID, ProjectID: projectID, At: now, UnusedSince: now.Add(-report.UnusedFor),
	})
	if err != nil {
		return err
	}
	report.Marks, err = r.UsageMarks(ctx, MarkFilter{
		OrganizationID: organizationID, ProjectID: projectID, From: within.From, To: within.To,
	}, recentMarks)
	return err
}

// topOf reads what was most used, with names.
func topOf(ctx context.Context, r Reader, organizationID, projectID string, within UsageRange) ([]TopCredential, error) {
	most, err := r.TopUsage(ctx, organizationID, projectID, within, topReported)
	if err != nil {
		return nil, err
	}
	var top []TopCredential
	for _, u := range most {
		name, err := nameOf(ctx, r, organizationID, u.Kind, u.ID)
		if err != nil && KindOf(err) == KindNotFound { // its last use was counted while it was deleted
			continue
		}
		if err != nil {
			return nil, err
		}
		top = append(top, TopCredential{u, name})
	}
	return top, nil
}

func nameOf(ctx context.Context, r Reader, organizationID, kind, id string) (string, error) {
	if kind == CredentialAPIToken {
		t, err := r.APIToken(ctx, organizationID, id)
		return t.Name, err
	}
	c, err := r.Client(ctx, organizationID, id)
	return c.Name, err
}
