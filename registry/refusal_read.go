package registry

import "context"

// Refusal opens an error id: why something was refused, to an administrator of
// the organization that it concerns, or to any where it concerns none.
func (s *Service) Refusal(ctx context.Context, actor Actor, errorID string) (Refusal, error) {
	var refusal Refusal
	err := s.read(ctx, actor, func(r Reader) (err error) {
		refusal, err = s.ErrorIDs.Open(errorID)
		if err != nil {
			return NotFound("refusal")
		}
		foreign := refusal.OrganizationID != "" && refusal.OrganizationID != actor.OrganizationID
		if foreign && actor.Kind != ActorOperator {
			return NotFound("refusal")
		}
		return s.refusalWithinProject(ctx, r, actor, refusal)
	})
	if err != nil {
		return Refusal{}, err
	}
	return refusal, nil
}

// refusalWithinProject keeps an actor that is bound to a project from learning
// of credentials beyond it.
func (s *Service) refusalWithinProject(ctx context.Context, r Reader, actor Actor, refusal Refusal) error {
	if actor.ProjectID == "" || refusal.OrganizationID == "" {
		return nil
	}
	var projectID string
	switch refusal.Credential.Kind {
	case ActorClient:
		client, err := r.Client(ctx, actor.OrganizationID, refusal.Credential.ID)
		if err != nil {
			return err
		}
		projectID = client.ProjectID
	case ActorAPIToken:
		t, err := r.APIToken(ctx, actor.OrganizationID, refusal.Credential.ID)
		if err != nil {
			return err
		}
		projectID = t.ProjectID
	}
	if !actor.reaches(projectID) {
		return NotFound("refusal")
	}
	return nil
}
