package console

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"keywright/internal/web"
	"keywright/registry"
)

// visit is one request, and the person whose it is.
type visit struct {
	*console
	w         http.ResponseWriter
	req       *http.Request
	params    func(name string) string
	query     url.Values // of the address, with ids for what was picked
	presented string     // the token of the session cookie, good or not

	// Set on pages for people who are signed in.
	Actor registry.Actor
	Me    registry.Me
}

func (v *visit) ctx() context.Context { return v.req.Context() }

// param is a part of the path, such as that of ":id".
func (v *visit) param(name string) string { return v.params(name) }

// identify finds out who sends the request, by the cookie of their session.
func (v *visit) identify() (err error) {
	if v.presented, err = v.Sessions.Token(v.req); err != nil {
		return err
	}
	if v.presented == "" {
		return &registry.Refused{Cause: registry.CauseNoCredential}
	}
	if v.Actor, err = v.Sessions.Actor(v.ctx(), v.presented); err != nil {
		return err
	}
	v.Actor.Address, v.Actor.RequestID = web.ClientAddress(v.ctx()), web.RequestID(v.ctx())
	web.Identify(v.ctx(), v.Actor.OrganizationID, v.Actor.Principal)
	v.Me, err = v.Service.Me(v.ctx(), v.Actor)
	return err
}

// here is the page to come back to: this one, or where the form was that is
// posted to it.
func (v *visit) here() string {
	if v.req.Method == http.MethodGet {
		return v.req.URL.RequestURI()
	}
	return v.req.URL.Path
}

// redirect leads to a page of the console by GET.
func (v *visit) redirect(to string) error {
	http.Redirect(v.w, v.req, ownPath(to), http.StatusSeeOther)
	return nil
}

// ownPath is to, where that is a path of the console, and else the overview:
// nobody can make a link to us that leads away.
func ownPath(to string) string {
	u, err := url.Parse(to)
	switch {
	case err != nil || u.IsAbs() || u.Host != "" || u.User != nil || u.Opaque != "":
	case strings.ContainsAny(to, "\\\r\n\t") || strings.Contains(u.Path, "//") || strings.Contains(u.Path, "/."):
	case u.Path == root || strings.HasPrefix(u.Path, root+"/"):
		return to
	}
	return root
}

// noticeNote carries what was done to the page that is shown next.
const noticeNote = "keywright_notice"

// done leads to a page, which says what was done.
func (v *visit) done(to, notice string) error {
	v.Sessions.SetNote(v.w, noticeNote, url.QueryEscape(notice), time.Minute)
	return v.redirect(to)
}

// takeNotice returns the notice, once.
func (v *visit) takeNotice() string {
	if v.Sessions == nil { // the page is of WriteError: none that was led to
		return ""
	}
	kept, found := v.Sessions.Note(v.req, noticeNote)
	if !found {
		return ""
	}
	v.Sessions.SetNote(v.w, noticeNote, "", -time.Second)
	text, err := url.QueryUnescape(kept)
	if err != nil {
		return ""
	}
	return text
}

// failure is what the page of an error tells.
type failure struct {
	Heading string
	Detail  string
	ErrorID string
	Found   bool   // the visitor is known, and can look the error up
	Without string // where it goes on without what the address should not have; empty: nowhere
}

var headings = map[int]string{
	http.StatusBadRequest:         "That request cannot be read",
	http.StatusForbidden:          "You may not do that",
	http.StatusNotFound:           "There is no such thing here",
	http.StatusMethodNotAllowed:   "There is no such thing here",
	http.StatusConflict:           "That does not go now",
	http.StatusTooManyRequests:    "Too many attempts",
	http.StatusServiceUnavailable: "The console cannot answer at the moment",
}

// fail answers with a page that says why.
func (v *visit) fail(err error) {
	p := web.NewProblem(v.w, v.req, err)
	heading, known := headings[p.Status]
	if !known {
		heading = "That did not work"
	}
	f := failure{Heading: heading, Detail: sentence(p.Detail), ErrorID: p.ErrorID, Found: v.Me.Organization.ID != ""}
	if p.Status == http.StatusBadRequest && v.req.Method == http.MethodGet {
		f.Detail, f.Without = misread(p, v.req.URL)
	}
	if err := v.render(p.Status, view{Page: "error", Title: heading, Data: f}); err != nil {
		web.NoteFailure(v.ctx(), errors.Join(err))
		http.Error(v.w, p.Detail, p.Status)
	}
}

// sentence begins with a capital letter and ends with a full stop.
func sentence(text string) string {
	if text == "" {
		return ""
	}
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + strings.TrimSuffix(text[size:], ".") + "."
}
