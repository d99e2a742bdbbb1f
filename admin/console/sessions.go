package console

import "keywright/registry"

const sessionsPath = root + "/sessions"

func sessionPages(r router) {
	r.get(sessionsPath, sessionList)
	r.get(sessionsPath+"/:id/end", sessionRemoval)
	r.post(sessionsPath+"/:id/end", sessionEnd)
}

// sessionsData is the list of live sessions.
type sessionsData struct {
	Sessions []session
	Members  picker
}

// session is a session and whose it is.
type session struct {
	registry.Session
	Email   string
	Current bool // it is the visitor's, here
	Ending  bool // the visitor may end it
}

func sessionList(v *visit) error {
	l := v.listOf("memberId")
	found, err := v.Service.Sessions(v.ctx(), v.Actor, registry.SessionQuery{MemberID: l.Text("memberId"), Cursor: l.Cursor()})
	if err != nil {
		return err
	}
	l.Next = found.NextCursor
	members, err := v.Service.Members(v.ctx(), v.Actor, registry.MemberQuery{Limit: offered})
	if err != nil {
		return err
	}
	var data sessionsData
	if data.Members, err = v.picker("memberId", l.Text("memberId")); err != nil {
		return err
	}
	known := map[string]registry.Member{}
	for _, m := range members.Items {
		known[m.ID] = m
	}
	for _, s := range found.Items {
		m, listed := known[s.MemberID]
		if !listed { // there are more members than are offered
			if m, err = v.Service.Member(v.ctx(), v.Actor, s.MemberID); err != nil {
				return err
			}
		}
		data.Sessions = append(data.Sessions, session{
			Session: s, Email: m.Email, Current: s.ID == v.Actor.SessionID, Ending: m.ID == v.Actor.ID || v.Actor.MayTouch(m.Role),
		})
	}
	return v.show(view{Page: "sessions", Title: "Sessions", List: l, Data: data})
}

func sessionRemoval(v *visit) error { return v.sessionRemoval(nil) }

func (v *visit) sessionRemoval(f *form) error {
	s, err := v.Service.Session(v.ctx(), v.Actor, v.param("id"))
	if err != nil {
		return err
	}
	names, err := v.Service.Names(v.ctx(), v.Actor, s.MemberID)
	if err != nil {
		return err
	}
	return v.showRemoval("End this session?", f, removal{
		Effects: []string{nameOr(names, s.MemberID) + ", from " + s.Address.String() + " with " + s.UserAgent, "Whoever uses it has to sign in again."},
		Path:    sessionsPath + "/" + s.ID + "/end", Back: sessionsPath, Button: "End session",
	})
}

func sessionEnd(v *visit, f *form) error {
	id := v.param("id")
	err := f.try(func() error { return v.Service.DeleteSession(v.ctx(), v.Actor, id) })
	switch {
	case f.Rejected():
		return v.sessionRemoval(f)
	case err != nil:
		return err
	}
	return v.done(sessionsPath, "The session has ended.")
}
