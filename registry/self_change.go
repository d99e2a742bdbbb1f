package registry

import (
	"context"
	"fmt"
)

var (
	opPasswordChange     = operation{"member.change_password", FeedMember, byPerson}
	opOneTimeCodeEnrol   = operation{"member.enrol_one_time_code", FeedMember, byPerson}
	opOneTimeCodeConfirm = operation{"member.confirm_one_time_code", FeedMember, byPerson}
	opOneTimeCodeDisable = operation{"member.disable_one_time_code", FeedMember, byPerson}
)

// Bounds of a password that a person chooses, in characters.
const (
	minPassword = 12
	maxPassword = 200
)

// Enrolment is the one showing of a secret for one-time codes.
type Enrolment struct {
	Secret SecretText // base32, for typing
	URI    SecretText // otpauth, for a QR code; the secret is in it
}

// ChangePassword replaces the actor's own password and ends their other
// sessions.
func (s *Service) ChangePassword(ctx context.Context, actor Actor, current, fresh string) error {
	var hash string
	return s.changeSelf(ctx, actor, opPasswordChange, &current, func() (err error) {
		var v invalid
		if v.text("new", fresh, minPassword, maxPassword); fresh == current {
			v.add("new", "must differ from the current one")
		}
		if err := v.err(); err != nil {
			return err
		}
		if hash, err = s.Hash(fresh); err != nil {
			return fmt.Errorf("hash a password: %w", err)
		}
		return nil
	}, func(c *change, m *Member) error {
		m.PasswordHash = hash
		return c.DeleteSessions(ctx, c.organizationID, m.ID, c.actor.SessionID)
	})
}

// EnrolOneTimeCode makes a secret for one-time codes. They are in force once
// the first was confirmed; until then, enrolling again replaces the secret.
func (s *Service) EnrolOneTimeCode(ctx context.Context, actor Actor, password string) (Enrolment, error) {
	var made Enrolment
	err := s.changeSelf(ctx, actor, opOneTimeCodeEnrol, &password, nil, func(_ *change, m *Member) error {
		if m.OneTime.InForce() {
			return Conflict(CodeConflict, "one-time codes are in force: disable them first")
		}
		secret, uri, err := s.OneTimeCodes.New(m.Email)
		if err != nil {
			return fmt.Errorf("make a secret for one-time codes: %w", err)
		}
		m.OneTime = OneTime{Sealed: s.OneTimeBox.Seal([]byte(secret), oneTimeContext(*m))}
		made = Enrolment{SecretText{secret}, SecretText{uri}}
		return nil
	})
	return made, err
}

// ConfirmOneTimeCode puts one-time codes in force, given the first one.
func (s *Service) ConfirmOneTimeCode(ctx context.Context, actor Actor, code string) error {
	return s.changeSelf(ctx, actor, opOneTimeCodeConfirm, nil, nil, func(c *change, m *Member) error {
		if m.OneTime.InForce() || m.OneTime.Sealed == nil {
			return Conflict(CodeConflict, "there is no enrolment to confirm")
		}
		step, err := s.oneTimeStep(*m, code)
		if err != nil && KindOf(err) == KindUnauthenticated {
			return Forbidden(CodeForbidden, "the one-time code is wrong")
		}
		if err != nil {
			return err
		}
		m.OneTime.ConfirmedAt, m.OneTime.LastStep = c.now, step
		return nil
	})
}

// DisableOneTimeCode takes one-time codes out of force and forgets the secret.
func (s *Service) DisableOneTimeCode(ctx context.Context, actor Actor, password string) error {
	return s.changeSelf(ctx, actor, opOneTimeCodeDisable, &password, nil, func(_ *change, m *Member) error {
		if m.OneTime.Sealed == nil {
			return Conflict(CodeConflict, "one-time codes are not in force")
		}
		m.OneTime = OneTime{}
		return nil
	})
}

// changeSelf changes the actor's own member record. Where a password is given,
// it must be theirs: a session that was left open is not enough. prepare, if
// any, runs after that check and outside of the transaction.
func (s *Service) changeSelf(
	ctx context.Context, actor Actor, op operation, password *string, prepare func() error, fn func(*change, *Member) error,
) error {
	var known Member
	if password != nil && op.authorize(actor) == nil {
		var err error
		if known, err = s.reauthenticate(ctx, actor, *password); err != nil {
			s.auditRefusal(ctx, actor, op, actor.ID, "", err)
			return err
		}
		if prepare != nil {
			if err := prepare(); err != nil {
				return err
			}
		}
	}
	return s.change(ctx, actor, op, actor.ID, func(c *change) error {
		m, err := c.MemberForUpdate(ctx, c.organizationID, c.actor.ID)
		if err != nil {
			return err
		}
		if password != nil && m.PasswordHash != known.PasswordHash {
			return Conflict(CodeConflict, "the password was changed in the meantime")
		}
		c.before = auditMember(m)
		if err := fn(c, &m); err != nil {
			return err
		}
		m.Revision++
		m.UpdatedAt = c.now
		c.after = auditMember(m)
		return c.UpdateMember(ctx, m)
	})
}

// reauthenticate checks the actor's own password once more.
func (s *Service) reauthenticate(ctx context.Context, actor Actor, password string) (Member, error) {
	var m Member
	err := s.Store.Read(ctx, func(r Reader) (err error) {
		m, err = r.Member(ctx, actor.OrganizationID, actor.ID)
		return err
	})
	if err != nil {
		return Member{}, err
	}
	good, err := s.Verify(ctx, m.PasswordHash, password)
	if err != nil {
		return Member{}, Unavailable(err)
	}
	if !good {
		return Member{}, Forbidden(CodeForbidden, "the current password is wrong")
	}
	return m, nil
}

// oneTimeStep opens the member's secret and returns the time step of the code.
func (s *Service) oneTimeStep(m Member, code string) (int64, error) {
	secret, err := s.OneTimeBox.Open(m.OneTime.Sealed, oneTimeContext(m))
	if err != nil {
		return 0, fmt.Errorf("open the one-time secret of %s: %w", m.ID, err)
	}
	step, ok := s.OneTimeCodes.Step(string(secret), code, s.now())
	if !ok {
		return 0, wrongOneTimeCode(m)
	}
	return step, nil
}

// oneTimeContext binds a sealed secret to its member.
func oneTimeContext(m Member) []byte { return []byte("members/one_time/" + m.ID) }
