package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"
)

// Service is the one door: every change and every administrative read, by a
// person or a machine, is one of its methods and takes the actor. The private
// methods change and read authorize, and change also writes the audit event
// and the feed row, all in one transaction.
type Service struct {
	ServiceConfig
	heads auditHeads
}

// ServiceConfig is what a Service needs. Every field is required.
type ServiceConfig struct {
	Store     Store
	Peppers   Peppers
	AuditKeys AuditKeys // at least one
	ErrorIDs  *ErrorIDs
	CursorBox Box                                   // seals page cursors
	Now       func() time.Time                      // cut to microseconds, as databases keep them
	Rand      io.Reader                             // a CSPRNG
	Logger    *slog.Logger                          // told of what no caller is told
	Hash      func(password string) (string, error) // for the passwords of people
	// Verify tells whether hash is that of password. An empty hash is that of
	// none, and takes as long to find out.
	Verify       func(ctx context.Context, hash, password string) (bool, error)
	OneTimeCodes OneTimeCodes
	OneTimeBox   Box // seals their secrets
	UsageRules   UsageRules
	// UsageHoursKept is how long usage is there by the hour, and UsageDaysKept
	// how long by the day.
	UsageHoursKept, UsageDaysKept time.Duration
	// SigningSchedule says how signing keys are replaced.
	SigningSchedule KeySchedule
	// ParseKeys reads a JSON Web Key Set of public keys, and returns it in one
	// form or the rules it breaks, each with a path within the set: ".keys[1].alg".
	ParseKeys func(set []byte) ([]PublicKey, []FieldError)
}

// NewService returns a Service over those parts.
func NewService(c ServiceConfig) *Service { return &Service{ServiceConfig: c} }

func (s *Service) now() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }

// operation is one kind of change, and who may ask for it.
type operation struct {
	name string // in the audit, such as "client.create"
	kind string // feed and audit kind of its target
	rule rule
}

// rule says which actors an operation is open to. What depends on the target
// (its project, its creator, what it holds) is checked where the target is
// loaded: the methods of change.
type rule int

const (
	byAdmin          rule = iota + 1 // owner, admin, or a credential with keywright:write
	byAdminOrCreator                 // and the member or credential that created the target
	byClientItself                   // a client, for its own tokens
	byOperator                       // the command line
	byServer                         // the server itself
	byRecentAdmin                    // as byAdmin, but a person signed in within FreshFor
	byPersonAdmin                    // owner or admin who signed in within FreshFor, or the command line
	byPerson                         // a member in a console session, for what is their own
)

func (o operation) authorize(a Actor) error {
	switch o.rule {
	case byOperator:
		if a.Kind == ActorOperator {
			return nil
		}
	case byServer:
		if a.Kind == ActorServer {
			return nil
		}
	case byClientItself:
		if a.Kind == ActorClient {
			return nil
		}
	case byAdmin, byRecentAdmin:
		if a.isAdmin() {
			return nil
		}
	case byAdminOrCreator:
		if a.isAdmin() || (a.Kind == ActorMember && a.Role != "") {
			return nil
		}
	case byPersonAdmin, byPerson:
		return o.authorizePerson(a)
	}
	return Forbidden(CodeForbidden, "%s needs the role owner or admin, or the scope %s", o.name, ScopeAdminWrite)
}

func (o operation) authorizePerson(a Actor) error {
	switch {
	case a.credential(): // no scope would help
		return consoleSessionRequired(o.name)
	case o.rule == byPersonAdmin && (a.Kind == ActorOperator || a.ConsoleSession && a.isAdmin()):
		return nil
	case o.rule == byPerson && a.ConsoleSession && a.Role != "":
		return nil
	}
	return Forbidden(CodeForbidden, "%s needs a console session with the role for it", o.name)
}

// authorize tells whether the actor may ask for the operation now. A session
// that was left open is not enough for what is dangerous, wherever it is asked.
func (s *Service) authorize(op operation, actor Actor) error {
	if err := op.authorize(actor); err != nil {
		return err
	}
	recent := op.rule == byRecentAdmin || op.rule == byPersonAdmin
	if recent && actor.ConsoleSession && !actor.FreshAt(s.now()) {
		return Forbidden(CodeSignInAgain, "%s needs a sign-in of the last %d minutes: sign in again", op.name, int(FreshFor.Minutes()))
	}
	return nil
}

// change is one authorized change under way: the only way to a Tx. Its methods
// load targets and check what depends on them.
type change struct {
	Tx
	op             operation
	actor          Actor
	now            time.Time
	organizationID string
	targetID       string
	projectID      string // of the target, for the audit; empty: organization-wide
	before, after  any    // for the audit; nil for none
	cutOffs        map[CutOffKind][]string
	position       Position
	nothing        bool // the state was as asked for already: leave no trace
	feedKind       string
	chain          AuditChain // after this change
}

// change authorizes op for actor, runs fn in a transaction, and finishes it
// with the feed position, the cut-offs and the audit event. A refused attempt
// is audited in a transaction of its own.
func (s *Service) change(ctx context.Context, actor Actor, op operation, targetID string, fn func(*change) error) error {
	return s.changeIn(ctx, s.Store.Change, actor, op, targetID, fn)
}

// changeMany is change for what may concern very many records: see Store.
func (s *Service) changeMany(ctx context.Context, actor Actor, op operation, targetID string, fn func(*change) error) error {
	return s.changeIn(ctx, s.Store.ChangeMany, actor, op, targetID, fn)
}

// transact is Change or ChangeMany of a Store.
type transact func(ctx context.Context, fn func(Tx) error) error

func (s *Service) changeIn(ctx context.Context, run transact, actor Actor, op operation, targetID string, fn func(*change) error) error {
	err := s.authorize(op, actor)
	var c *change
	if err == nil {
		err = run(ctx, func(tx Tx) error {
			c = &change{
				Tx: tx, op: op, actor: actor, now: s.now(), organizationID: actor.OrganizationID,
				targetID: targetID, cutOffs: map[CutOffKind][]string{}, feedKind: op.kind,
			}
			if err := fn(c); err != nil || c.nothing {
				return err
			}
			return s.finish(ctx, c)
		})
	}
	switch {
	case err != nil:
		projectID := ""
		if c != nil {
			projectID = c.projectID
		}
		s.auditRefusal(ctx, actor, op, targetID, projectID, err)
	case !c.nothing:
		s.heads.moved(c.now, c.chain)
		actor.Keyed.changed()
	}
	return err
}

// preview authorizes op for actor and runs fn, which finds out what the change
// would do, on one snapshot. A refused attempt is audited as that of a change.
func (s *Service) preview(ctx context.Context, actor Actor, op operation, targetID, projectID string, fn func(Reader) error) error {
	err := s.authorize(op, actor)
	if err != nil {
		projectID = "" // as little as change would know by then
	} else {
		err = s.Store.Read(ctx, fn)
	}
	if err != nil {
		s.auditRefusal(ctx, actor, op, targetID, projectID, err)
	}
	return err
}

// finish takes the feed position, as the last lock, and writes all that hangs on it.
func (s *Service) finish(ctx context.Context, c *change) error {
	if err := c.lockFeed(ctx); err != nil {
		return err
	}
	for kind, ids := range c.cutOffs {
		if err := c.CutOff(ctx, kind, ids, c.position); err != nil {
			return err
		}
	}
	row := FeedRow{c.position, c.feedKind, c.organizationID, c.targetID, c.now}
	if err := c.AppendFeed(ctx, row); err != nil {
		return err
	}
	if err := s.keepRequest(ctx, c); err != nil {
		return err
	}
	return s.audit(ctx, c, OutcomeDone, "")
}

// lockFeed takes this change's position, once.
func (c *change) lockFeed(ctx context.Context) (err error) {
	if c.position == 0 {
		c.position, err = c.NextPosition(ctx)
	}
	return err
}

// cutOff marks targets whose earlier access tokens die with this change.
func (c *change) cutOff(kind CutOffKind, ids ...string) {
	c.cutOffs[kind] = append(c.cutOffs[kind], ids...)
}

// auditRefusal writes down an attempt that was refused. Bad input and failures
// of the database are no refusals; an operator, who has the database in hand,
// is told at the terminal, and the server is nobody to be told of.
func (s *Service) auditRefusal(ctx context.Context, actor Actor, op operation, targetID, projectID string, refusal error) {
	if actor.Kind == ActorOperator || actor.Kind == ActorServer {
		return
	}
	code := ""
	if refused, ok := errors.AsType[*Refused](refusal); ok {
		code = refused.Cause.String()
	} else {
		switch e := asError(refusal); e.Kind {
		case KindForbidden, KindConflict, KindNotFound, KindPrecondition, KindUnauthenticated:
			code = e.Code
		default:
			return
		}
	}
	var c *change
	err := s.Store.Change(ctx, func(tx Tx) error {
		c = &change{
			Tx: tx, op: op, actor: actor, now: s.now(), organizationID: actor.OrganizationID,
			targetID: targetID, projectID: projectID, feedKind: FeedNothing,
		}
		if err := c.lockFeed(ctx); err != nil {
			return err
		}
		if err := c.AppendFeed(ctx, FeedRow{c.position, FeedNothing, c.organizationID, "", c.now}); err != nil {
			return err
		}
		return s.audit(ctx, c, OutcomeRefused, code)
	})
	if err != nil {
		s.Logger.ErrorContext(ctx, "a refused attempt could not be audited",
			"action", op.name, "code", code, "request_id", actor.RequestID, "error", err)
		return
	}
	s.heads.moved(c.now, c.chain)
}

// audit appends the event of a change to its organization's chain. It comes
// after lockFeed, which makes the order of the chain total.
func (s *Service) audit(ctx context.Context, c *change, outcome, reason string) error {
	event, err := s.auditEvent(c, outcome, reason)
	if err != nil {
		return err
	}
	c.chain, err = c.AuditChain(ctx, c.organizationID)
	if err != nil && KindOf(err) != KindNotFound {
		return err
	}
	c.chain.OrganizationID = c.organizationID
	c.chain.append(s.AuditKeys, &event)
	if err := c.AppendAudit(ctx, event); err != nil {
		return err
	}
	return c.PutAuditChain(ctx, c.chain)
}

func (s *Service) auditEvent(c *change, outcome, reason string) (AuditEvent, error) {
	id, err := NewID(s.Rand, PrefixAuditEvent)
	if err != nil {
		return AuditEvent{}, err
	}
	if c.op.kind == FeedProject {
		c.projectID = c.targetID
	}
	e := AuditEvent{
		ID: id, Position: c.position, OrganizationID: c.organizationID, ProjectID: c.projectID, At: c.now,
		Actor: c.actor.Principal, Action: c.op.name, TargetKind: c.op.kind, TargetID: c.targetID,
		Outcome: outcome, Reason: reason, Address: c.actor.Address, RequestID: c.actor.RequestID,
	}
	if e.Before, err = auditJSON(c.before); err != nil {
		return AuditEvent{}, err
	}
	e.After, err = auditJSON(c.after)
	return e, err
}

func auditJSON(v any) (json.RawMessage, error) {
	if v == nil {
		return nil, nil
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("write down an audit value: %w", err)
	}
	return raw, nil
}

// read authorizes an administrative read for actor and runs fn on one snapshot.
func (s *Service) read(ctx context.Context, actor Actor, fn func(Reader) error) error {
	if !actor.mayRead() {
		return Forbidden(CodeForbidden, "reading needs a member's session or the scope %s", ScopeAdminRead)
	}
	return s.Store.Read(ctx, fn)
}

// Me is what an actor may learn of itself.
type Me struct {
	Actor        Actor
	Organization Organization
	Email        string // of a person
}

// Me tells who the actor is and where it belongs.
func (s *Service) Me(ctx context.Context, actor Actor) (Me, error) {
	me := Me{Actor: actor}
	err := s.read(ctx, actor, func(r Reader) (err error) {
		if me.Organization, err = r.Organization(ctx, actor.OrganizationID); err != nil || actor.Kind != ActorMember {
			return err
		}
		m, err := r.Member(ctx, actor.OrganizationID, actor.ID)
		me.Email = m.Email
		return err
	})
	return me, err
}
