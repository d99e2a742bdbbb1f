package console

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"

	"keywright/internal/web"
	"keywright/registry"
)

const (
	signInPath  = root + "/sign-in"
	signOutPath = root + "/sign-out"
	againPath   = root + "/sign-in-again"
)

func signInPages(r router) {
	r.open(signInPath, signInForm, signIn)
	r.get(againPath, signInAgainForm)
	r.post(againPath, signInAgain)
	r.get(signOutPath, signOutForm)
	r.post(signOutPath, signOut)
}

// ticket is a password that was given, while its one-time code is asked for.
// The page holds it sealed, for a short time, so that it need not be typed
// again and no replica has to remember it.
type ticket struct {
	Email    string    `json:"email"`
	Password string    `json:"password"`
	Until    time.Time `json:"until"`
}

const ticketLifetime = 5 * time.Minute

var ticketContext = []byte("console\x00sign-in")

func (c *console) sealTicket(email, password string) (string, error) {
	plain, err := json.Marshal(ticket{email, password, c.Now().Add(ticketLifetime)})
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(c.TicketBox.Seal(plain, ticketContext)), nil
}

// openTicket tells whether the text is a ticket that is still good.
func (c *console) openTicket(text string) (t ticket, ok bool) {
	sealed, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return t, false
	}
	plain, err := c.TicketBox.Open(sealed, ticketContext)
	if err != nil || json.Unmarshal(plain, &t) != nil {
		return ticket{}, false
	}
	return t, c.Now().Before(t.Until)
}

// signInView is the form: e-mail and password, or the code with a ticket.
type signInView struct {
	Next   string
	Ticket string
	Again  bool // somebody is signed in, and gives password and code once more
	Email  string
}

func signInForm(v *visit) error {
	next := v.req.URL.Query().Get("next")
	if v.Setup.needed(v.ctx()) {
		return v.redirect(setupPath)
	}
	if v.identify() == nil {
		return v.redirect(next)
	}
	return v.show(view{Page: "sign_in", Title: "Sign in", Data: signInView{Next: next}})
}

func signIn(v *visit, f *form) error {
	v.presented, _ = v.Sessions.Token(v.req) // a broken cookie is replaced
	return v.signIn(f, signInView{Next: f.Text("next")}, f.Text("email"))
}

func signInAgainForm(v *visit) error {
	return v.show(view{Page: "sign_in", Title: "Confirm it is you", Data: signInView{
		Next: v.req.URL.Query().Get("next"), Again: true, Email: v.Me.Email,
	}})
}

// signInAgain begins a new session in the place of the present one.
func signInAgain(v *visit, f *form) error {
	return v.signIn(f, signInView{Next: f.Text("next"), Again: true, Email: v.Me.Email}, v.Me.Email)
}

func (v *visit) signIn(f *form, page signInView, email string) error {
	in := registry.SignInInput{
		Email: email, Password: f.Raw("password"), OneTimeCode: f.Text("oneTimeCode"),
		UserAgent: v.req.UserAgent(), Address: web.ClientAddress(v.ctx()), RequestID: web.RequestID(v.ctx()),
	}
	if text := f.Raw("ticket"); text != "" {
		t, ok := v.openTicket(text)
		if !ok || page.Again && t.Email != email {
			return v.done(v.req.URL.Path+"?next="+url.QueryEscape(page.Next), "That took too long: give the password once more.")
		}
		in.Email, in.Password, page.Ticket = t.Email, t.Password, text
	}
	_, cookie, err := v.Sessions.SignIn(v.ctx(), v.presented, in)
	if err == nil {
		http.SetCookie(v.w, &cookie)
		return v.redirect(page.Next)
	}
	title := "Sign in"
	if page.Again {
		title = "Confirm it is you"
	}
	refused, ours := errors.AsType[*registry.Error](err)
	switch {
	case ours && refused.Code == registry.CodeOneTimeCodeRequired && page.Ticket == "":
		if page.Ticket, err = v.sealTicket(in.Email, in.Password); err != nil {
			return err
		}
		return v.show(view{Page: "sign_in", Title: title, Form: f, Data: page})
	case registry.KindOf(err) == registry.KindUnavailable:
		return err
	}
	f.reject(err)
	return v.show(view{Page: "sign_in", Title: title, Form: f, Data: page})
}

func signOutForm(v *visit) error {
	return v.show(view{Page: "sign_out", Title: "Sign out"})
}

// signOut ends this session, or all of the person.
func signOut(v *visit, f *form) error {
	var err error
	if f.On("everywhere") {
		err = v.Service.DeleteSessions(v.ctx(), v.Actor)
	} else {
		err = v.Service.DeleteSession(v.ctx(), v.Actor, v.Actor.SessionID)
	}
	if err != nil {
		return err
	}
	farewell := v.Sessions.Farewell()
	http.SetCookie(v.w, &farewell)
	return v.done(signInPath, "You are signed out.")
}
