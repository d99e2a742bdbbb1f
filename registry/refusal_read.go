package registry

import "context"

// RefusalDetails is a refusal with what stands in other records.
type RefusalDetails struct {
	Refusal
	CredentialName string // of a client, API token or member; empty if it is gone
}

// Refusal opens an error id: why something was refused, to an administrator of
// the organization that it concerns, or to any where it concerns none.
func (s *Service) Refusal(ctx context.Context, actor Actor, errorID string) (RefusalDetails, error) {
	var d RefusalDetails
	err := s.read(ctx, actor, func(r Reader) (err error) {
		d.Refusal, err = s.ErrorIDs.Open(errorID)
		if err != nil {
			return NotFound("refusal")
		}
		foreign := d.OrganizationID != "" && d.OrganizationID != actor.OrganizationID
		if foreign && actor.Kind != ActorOperator {
			return NotFound("refusal")
		}
		name, projectID, err := credentialOf(ctx, r, d.Refusal)
		switch {
		case err != nil && (KindOf(err) != KindNotFound || actor.ProjectID != ""):
			return err // which project a credential that is gone lay in cannot be told
		case d.OrganizationID != "" && !actor.reaches(projectID):
			return NotFound("refusal")
		}
		d.CredentialName = name
		return nil
	})
	if err != nil {
		return RefusalDetails{}, err
	}
	return d, nil
}

// credentialOf returns the name and project of the credential of a refusal.
func credentialOf(ctx context.Context, r Reader, refusal Refusal) (name, projectID string, err error) {
	switch refusal.Credential.Kind {
	case ActorClient:
		client, err := r.Client(ctx, refusal.OrganizationID, refusal.Credential.ID)
		return client.Name, client.ProjectID, err
	case ActorAPIToken:
		t, err := r.APIToken(ctx, refusal.OrganizationID, refusal.Credential.ID)
		return t.Name, t.ProjectID, err
	case ActorMember:
		m, err := r.Member(ctx, refusal.OrganizationID, refusal.Credential.ID)
		return m.Email, "", err
	}
	return "", "", nil
}
