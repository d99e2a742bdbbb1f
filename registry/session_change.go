package registry

import (
	"context"
	"net/netip"
	"strings"
	"time"
	"unicode/utf8"
)

// kindSession is the audit kind of sessions. The feed has none: nobody keeps a
// copy of one.
const kindSession = "session"

var (
	opSessionCreate    = operation{"session.create", kindSession, byPerson}
	opSessionDelete    = operation{"session.delete", kindSession, byPerson}
	opSessionDeleteAll = operation{"session.delete_all", kindSession, byPerson}
)

const maxUserAgent = 200 // characters

// OneTimeCodes makes and checks one-time codes (RFC 6238).
type OneTimeCodes interface {
	// New makes a secret for an account, and the otpauth URI that enrols it.
	New(account string) (secret, uri string, err error)
	// Step returns the time step whose code this is, if it is one that is
	// valid at that time.
	Step(secret, code string, at time.Time) (step int64, ok bool)
}

// SignInInput is what a person presents to sign in.
type SignInInput struct {
	Email       string
	Password    string
	OneTimeCode string // where one-time codes are in force
	UserAgent   string
	Address     netip.Addr
	RequestID   string
}

// SignIn checks a person's password and one-time code, and begins a session.
// It fails with *Refused, after the same work whether there is such a member
// or not, and with CodeOneTimeCodeRequired if nothing but the code is missing.
// Slowing down those who guess is the caller's business.
func (s *Service) SignIn(ctx context.Context, in SignInInput) (Session, error) {
	m, err := s.memberToSignIn(ctx, in.Email)
	if err != nil {
		return Session{}, err
	}
	good, err := s.Verify(ctx, m.PasswordHash, in.Password)
	if err != nil {
		return Session{}, Unavailable(err)
	}
	if m.ID == "" {
		return Session{}, &Refused{Cause: CauseUnknownMember}
	}
	if !good {
		return Session{}, s.refuseSignIn(ctx, m, in, &Refused{CauseWrongPassword, m.OrganizationID, Principal{ActorMember, m.ID}})
	}
	step, err := s.signInStep(m, in.OneTimeCode)
	if err != nil {
		return Session{}, s.refuseSignIn(ctx, m, in, err)
	}
	id, err := NewID(s.Rand, PrefixSession)
	if err != nil {
		return Session{}, err
	}
	session := Session{
		ID: id, OrganizationID: m.OrganizationID, MemberID: m.ID, Address: in.Address, UserAgent: printable(in.UserAgent, maxUserAgent),
	}
	actor := Actor{
		Principal: Principal{ActorMember, m.ID}, OrganizationID: m.OrganizationID, Role: m.Role, ConsoleSession: true,
		SessionID: id, Via: ViaConsole, Address: in.Address, RequestID: in.RequestID,
	}
	err = s.change(ctx, actor, opSessionCreate, id, func(c *change) error { return c.signIn(ctx, m, step, &session) })
	return session, err
}

// memberToSignIn returns the member with that e-mail address, or the zero one.
func (s *Service) memberToSignIn(ctx context.Context, email string) (Member, error) {
	email = strings.ToLower(strings.TrimSpace(email))
	var m Member
	err := s.Store.Read(ctx, func(r Reader) (err error) {
		m, err = r.MemberByEmail(ctx, email)
		return err
	})
	if err != nil && KindOf(err) == KindNotFound {
		return Member{}, nil
	}
	return m, err
}

// signInStep checks the one-time code of a member whose password was right,
// and returns its time step; 0 where none is in force.
func (s *Service) signInStep(m Member, code string) (int64, error) {
	if !m.OneTime.InForce() {
		return 0, nil
	}
	if code == "" {
		return 0, &Error{Kind: KindUnauthenticated, Code: CodeOneTimeCodeRequired, Message: "a one-time code is required"}
	}
	step, err := s.oneTimeStep(m, code)
	if err != nil {
		return 0, err
	}
	if step <= m.OneTime.LastStep {
		return 0, wrongOneTimeCode(m)
	}
	return step, nil
}

func wrongOneTimeCode(m Member) error {
	return &Refused{CauseWrongOneTimeCode, m.OrganizationID, Principal{ActorMember, m.ID}}
}

// refuseSignIn writes down that somebody failed to sign in as that member.
func (s *Service) refuseSignIn(ctx context.Context, m Member, in SignInInput, refusal error) error {
	somebody := Actor{
		Principal: Principal{Kind: ActorNobody}, OrganizationID: m.OrganizationID, Address: in.Address, RequestID: in.RequestID,
	}
	op := opSessionCreate
	op.kind = FeedMember // there is no session: the target is whom they tried to be
	s.auditRefusal(ctx, somebody, op, m.ID, "", refusal)
	return refusal
}

// signIn stores the session, if the member is still the one whose password and
// code were checked. Of two sign-ins with one code, one succeeds.
func (c *change) signIn(ctx context.Context, checked Member, step int64, session *Session) error {
	c.feedKind = FeedNothing
	m, err := c.MemberForUpdate(ctx, c.organizationID, checked.ID)
	if err != nil || m.PasswordHash != checked.PasswordHash || m.OneTime.InForce() != checked.OneTime.InForce() {
		if err != nil && KindOf(err) != KindNotFound {
			return err
		}
		return &Refused{CauseWrongPassword, c.organizationID, c.actor.Principal}
	}
	if m.OneTime.InForce() {
		if step <= m.OneTime.LastStep {
			return wrongOneTimeCode(m)
		}
		m.OneTime.LastStep = step
		if err := c.UpdateMember(ctx, m); err != nil {
			return err
		}
	}
	session.CreatedAt, session.SeenAt = c.now, c.now
	err = c.PruneSessions(ctx, c.organizationID, m.ID, c.now.Add(-SessionIdleLimit), c.now.Add(-SessionAbsoluteLimit))
	if err != nil {
		return err
	}
	c.after = auditSession(*session)
	return c.InsertSession(ctx, *session)
}

// DeleteSession ends one session: the actor's own, or, for owners and admins,
// that of another member. An admin may not end an owner's.
func (s *Service) DeleteSession(ctx context.Context, actor Actor, id string) error {
	return s.change(ctx, actor, opSessionDelete, id, func(c *change) error {
		c.feedKind = FeedNothing
		session, err := s.visibleSession(ctx, c, c.actor, id)
		if err != nil {
			return err
		}
		if session.MemberID != c.actor.ID {
			m, err := c.Member(ctx, c.organizationID, session.MemberID)
			if err != nil {
				return err
			}
			if err := c.actor.mayMakeOrTouch(m.Role); err != nil {
				return err
			}
		}
		c.before = auditSession(session)
		return c.DeleteSession(ctx, c.organizationID, id)
	})
}

// DeleteSessions ends all sessions of the actor, this one too.
func (s *Service) DeleteSessions(ctx context.Context, actor Actor) error {
	return s.change(ctx, actor, opSessionDeleteAll, actor.ID, func(c *change) error {
		c.feedKind = FeedNothing
		return c.DeleteSessions(ctx, c.organizationID, c.actor.ID, "")
	})
}

func auditSession(s Session) any {
	return map[string]any{"memberId": s.MemberID, "userAgent": s.UserAgent, "createdAt": auditTime(s.CreatedAt)}
}

// printable cuts text that a stranger sent to so many characters, without
// those that are no text.
func printable(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == utf8.RuneError {
			return -1
		}
		return r
	}, text)
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most])
	}
	return text
}
