package registry

import (
	"context"
	"net/netip"
	"time"
)

// Limits of a console session.
const (
	SessionIdleLimit     = 30 * time.Minute // without a request
	SessionAbsoluteLimit = 12 * time.Hour   // since sign-in

	// seenStep is how exactly the last request is remembered.
	seenStep = time.Minute
)

// Session is a person's console session, from sign-in to its end. Its token
// is not in it: whoever presents that is told the id.
type Session struct {
	ID             string
	OrganizationID string
	MemberID       string
	Address        netip.Addr // at sign-in
	UserAgent      string     // at sign-in
	CreatedAt      time.Time
	SeenAt         time.Time // to the minute
}

// ExpiresAt is when the session ends if it is used no more.
func (s Session) ExpiresAt() time.Time {
	idle, absolute := s.SeenAt.Add(SessionIdleLimit), s.CreatedAt.Add(SessionAbsoluteLimit)
	if idle.Before(absolute) {
		return idle
	}
	return absolute
}

// SessionActor returns who acts in a session. Session and member are read at
// each request, so that an ended session, a removed member or another role
// count at once. It fails with *Refused where the session is no good.
func (s *Service) SessionActor(ctx context.Context, id string) (Actor, error) {
	var session Session
	var m Member
	now := s.now()
	err := s.Store.Read(ctx, func(r Reader) (err error) {
		if session, err = r.Session(ctx, id); err != nil {
			return err
		}
		m, err = r.Member(ctx, session.OrganizationID, session.MemberID)
		return err
	})
	if err != nil && KindOf(err) == KindNotFound {
		return Actor{}, &Refused{Cause: CauseUnknownSession}
	}
	if err != nil {
		return Actor{}, err
	}
	actor := Actor{
		Principal: Principal{ActorMember, m.ID}, OrganizationID: m.OrganizationID, Role: m.Role,
		ConsoleSession: true, SessionID: session.ID, SignedInAt: session.CreatedAt, Via: ViaConsole,
	}
	if expiredAt(session.ExpiresAt(), now) {
		return Actor{}, &Refused{CauseSessionExpired, m.OrganizationID, actor.Principal}
	}
	if now.Sub(session.SeenAt) >= seenStep {
		// Use is no change: it has no place in the audit or the feed.
		err = s.Store.Change(ctx, func(tx Tx) error { return tx.TouchSession(ctx, id, now) })
	}
	return actor, err
}

// SessionQuery selects and pages sessions. Empty fields do not filter.
type SessionQuery struct {
	MemberID string
	Limit    int // 1 to 200; 0: 50
	Cursor   string
}

// SessionList is one page of sessions, newest first.
type SessionList struct {
	Items      []Session
	NextCursor string // empty: the last page
}

// ownSessionsOnly tells whether the actor sees no sessions but their own.
func (a Actor) ownSessionsOnly() bool { return a.Kind == ActorMember && !a.isAdmin() }

// Session returns one live session: of the actor's own, or, for owners, admins
// and credentials that read, of the organization's.
func (s *Service) Session(ctx context.Context, actor Actor, id string) (Session, error) {
	var session Session
	err := s.read(ctx, actor, func(r Reader) (err error) {
		session, err = s.visibleSession(ctx, r, actor, id)
		return err
	})
	return session, err
}

func (s *Service) visibleSession(ctx context.Context, r Reader, actor Actor, id string) (Session, error) {
	if !IsID(id, PrefixSession) || !actor.reaches("") {
		return Session{}, NotFound("session")
	}
	session, err := r.Session(ctx, id)
	if err != nil {
		return Session{}, err
	}
	foreign := session.OrganizationID != actor.OrganizationID || (actor.ownSessionsOnly() && session.MemberID != actor.ID)
	if foreign || expiredAt(session.ExpiresAt(), s.now()) {
		return Session{}, NotFound("session")
	}
	return session, nil
}

// Sessions lists the live sessions that Session would return, newest first.
func (s *Service) Sessions(ctx context.Context, actor Actor, q SessionQuery) (SessionList, error) {
	var list SessionList
	err := s.read(ctx, actor, func(r Reader) error {
		if actor.ownSessionsOnly() {
			if q.MemberID != "" && q.MemberID != actor.ID {
				return nil
			}
			q.MemberID = actor.ID
		}
		cursor := s.cursorFor("sessions", actor.OrganizationID, q.MemberID)
		page, err := cursor.page(q.Limit, q.Cursor)
		if err != nil || !actor.reaches("") {
			return err
		}
		now := s.now()
		rows, err := r.SessionPage(ctx, SessionFilter{
			OrganizationID: actor.OrganizationID, MemberID: q.MemberID,
			SeenAfter: now.Add(-SessionIdleLimit), CreatedAfter: now.Add(-SessionAbsoluteLimit),
		}, page.orOneMore())
		list.Items, list.NextCursor = cut(cursor, page, rows, func(s Session) Page {
			return Page{AfterAt: s.CreatedAt, AfterID: s.ID}
		})
		return err
	})
	return list, err
}
