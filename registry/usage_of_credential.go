package registry

import "context"

// marksReported is how many marks a report has at most, the newest.
const marksReported = 100

// CredentialReport is the use of a client or API token over a range of time.
type CredentialReport struct {
	UsageSeries
	Usage    Usage          // since it was made
	Values   []ValueReport  // the secrets and keys of a client, oldest first
	Marks    []UsageMark    // of the range, newest first
	Networks []UsageNetwork // it was used from lately, whatever the range, first seen first
}

// ValueReport is the use of one secret or key.
type ValueReport struct {
	Kind  string // CredentialSecret or CredentialKey
	ID    string
	Uses  int64 // in the range
	Usage Usage // since it was made
}

// ClientUsage returns the use of a client and of its secrets and keys.
func (s *Service) ClientUsage(ctx context.Context, actor Actor, clientID string, q UsageQuery) (CredentialReport, error) {
	var report CredentialReport
	err := s.read(ctx, actor, func(r Reader) error {
		client, err := s.readClient(ctx, r, actor, clientID)
		if err != nil {
			return err
		}
		d, err := s.details(ctx, r, client)
		if err != nil {
			return err
		}
		report, err = s.usageOf(ctx, r, CredentialClient, d.ID, q)
		if err != nil {
			return err
		}
		report.Usage = d.Usage
		report.Values, err = usageOfValues(ctx, r, d, report.UsageRange)
		return err
	})
	return report, err
}

// APITokenUsage returns the use of an API token.
func (s *Service) APITokenUsage(ctx context.Context, actor Actor, id string, q UsageQuery) (CredentialReport, error) {
	var report CredentialReport
	err := s.read(ctx, actor, func(r Reader) error {
		t, err := readAPIToken(ctx, r, actor, id)
		if err != nil {
			return err
		}
		report, err = s.usageOf(ctx, r, CredentialAPIToken, t.ID, q)
		report.Usage = t.Usage
		return err
	})
	return report, err
}

// usageOf reads what clients and API tokens have alike.
func (s *Service) usageOf(ctx context.Context, r Reader, kind, id string, q UsageQuery) (CredentialReport, error) {
	var report CredentialReport
	within, err := s.usageRange(q)
	if err != nil {
		return report, err
	}
	buckets, err := r.UsageBuckets(ctx, kind, id, within)
	if err != nil {
		return report, err
	}
	report.UsageSeries = seriesOf(within, buckets)
	report.Marks, err = r.UsageMarks(ctx, MarkFilter{Kind: kind, ID: id, From: within.From, To: within.To}, marksReported)
	if err != nil {
		return report, err
	}
	report.Networks, err = r.UsageNetworks(ctx, kind, id)
	return report, err
}

// usageOfValues reads the use of a client's secrets and keys.
func usageOfValues(ctx context.Context, r Reader, d ClientDetails, within UsageRange) ([]ValueReport, error) {
	var values []ValueReport
	for _, secret := range d.Secrets {
		values = append(values, ValueReport{Kind: CredentialSecret, ID: secret.ID, Usage: secret.Usage})
	}
	for _, key := range d.Keys {
		values = append(values, ValueReport{Kind: CredentialKey, ID: key.ID, Usage: key.Usage})
	}
	for i, v := range values {
		buckets, err := r.UsageBuckets(ctx, v.Kind, v.ID, within)
		if err != nil {
			return nil, err
		}
		values[i].Uses = seriesOf(within, buckets).Total.Uses
	}
	return values, nil
}
