package console

import (
	"fmt"
	"slices"
	"time"

	"keywright/registry"
)

// secretRow is a secret in the list of its client.
type secretRow struct {
	registry.Secret
	Status     registry.Status
	InUseUntil time.Time // deleting it needs force before
	Now        time.Time
}

// Retires tells whether it lives, and has an end.
func (s secretRow) Retires() bool {
	return s.Status == registry.StatusActive && !s.ExpiresAt.IsZero()
}

// Left is the time until its end, or until it counts as out of use.
func (s secretRow) Left() string { return span(s.ExpiresAt.Sub(s.Now)) }

// InUse tells whether it was used so lately that somebody may miss it.
func (s secretRow) InUse() bool { return s.Now.Before(s.InUseUntil) }

// Used tells whether it ever was.
func (s secretRow) Used() bool { return !s.Usage.LastUsedAt.IsZero() }

// Quiet is for how long it was not used.
func (s secretRow) Quiet() string { return span(s.Now.Sub(s.Usage.LastUsedAt)) }

// span is a length of time for people, of two units at most: "6 d 23 h".
func span(d time.Duration) string {
	minutes := int(d.Minutes())
	switch days, hours := minutes/1440, minutes/60%24; {
	case minutes < 1:
		return "less than a minute"
	case days > 0:
		return fmt.Sprintf("%d d %d h", days, hours)
	case hours > 0:
		return fmt.Sprintf("%d h %d min", hours, minutes%60)
	}
	return fmt.Sprintf("%d min", minutes)
}

// Secrets are those of the client, newest first.
func (p clientPage) Secrets() []secretRow {
	var rows []secretRow
	for _, s := range slices.Backward(p.Client.Secrets) {
		rows = append(rows, secretRow{s, s.StatusAt(p.Now), p.Client.InUseUntil(s), p.Now})
	}
	return rows
}

// Live are the secrets that still authenticate, newest first.
func (p clientPage) Live() []secretRow {
	return slices.DeleteFunc(p.Secrets(), func(s secretRow) bool { return s.Status != registry.StatusActive })
}

// Room tells whether the client may have one more secret.
func (p clientPage) Room() bool { return len(p.Live()) < registry.MaxLiveSecrets }

func clientCredentials(v *visit) error {
	page, err := v.client()
	if err != nil {
		return err
	}
	return v.show(view{Page: "client_credentials", Title: "Credentials of " + page.Client.Name, Data: page})
}

// regenerateData is what regenerating a secret needs to say.
type regenerateData struct {
	clientPage
	Overlaps []option
	Back     string // where not doing it leads
}

// overlaps are for how long older secrets may live on, in seconds.
var overlaps = []option{{"0", "none: the older ones die now"}, {"3600", "1 hour"}, {"86400", "24 hours"}, {"604800", "7 days"}}

func (v *visit) showRegenerate(f *form) error {
	page, err := v.managedClient()
	if err != nil {
		return err
	}
	return v.show(view{Page: "client_regenerate", Title: "Regenerate the secret of " + page.Client.Name, Form: f, Data: regenerateData{page, overlaps, f.backOr(page.Path + "/credentials")}})
}

func clientRegenerateForm(v *visit) error {
	return v.showRegenerate(v.cameFrom())
}

func clientRegenerate(v *visit, f *form) error {
	in := registry.RegenerateInput{Overlap: f.Seconds("overlapSeconds")}
	if day := f.Day("expiresAt"); !day.IsZero() {
		in.ExpiresAt = &day
	}
	var made registry.ClientDetails
	var text registry.SecretText
	err := f.try(func() (err error) {
		made, text, err = v.Service.RegenerateClient(v.ctx(), v.Actor, v.param("id"), in)
		return err
	})
	switch {
	case f.Rejected():
		return v.showRegenerate(f)
	case err != nil:
		return err
	}
	return v.showOnce(newSecret{Name: made.Name, ClientID: made.ID, Secret: text, Back: f.backOr(clientPath(made.ID) + "/credentials")})
}

func (v *visit) showSecretForm(f *form) error {
	page, err := v.managedClient()
	if err != nil {
		return err
	}
	return v.show(view{Page: "client_secret", Title: "Add a secret to " + page.Client.Name, Form: f, Data: page})
}

func clientSecretForm(v *visit) error {
	return v.showSecretForm(newForm("rotate", v.req.URL.Query().Get("rotate")))
}

func clientSecretAdd(v *visit, f *form) error {
	c, err := v.Service.Client(v.ctx(), v.Actor, v.param("id"))
	if err != nil {
		return err
	}
	expiresAt := f.Day("expiresAt")
	var text registry.SecretText
	err = f.try(func() (err error) {
		_, text, err = v.Service.AddSecret(v.ctx(), v.Actor, c.ID, expiresAt)
		return err
	})
	switch {
	case f.Rejected():
		return v.showSecretForm(f)
	case err != nil:
		return err
	}
	back := clientPath(c.ID) + "/credentials"
	if f.On("rotate") {
		back = clientPath(c.ID) + "/rotation"
	}
	return v.showOnce(newSecret{Name: c.Name, ClientID: c.ID, Secret: text, Back: back})
}

// secretEnd is a secret that is about to be deleted.
type secretEnd struct {
	clientPage
	Secret secretRow
	Last   bool // no other secret of the client lives
}

// secretEnd reads the secret that the address names.
func (v *visit) secretEnd() (secretEnd, error) {
	page, err := v.managedClient()
	if err != nil {
		return secretEnd{}, err
	}
	live := page.Live()
	for _, s := range page.Secrets() {
		if s.ID == v.param("secret") {
			return secretEnd{page, s, len(live) == 1 && live[0].ID == s.ID}, nil
		}
	}
	return secretEnd{}, registry.NotFound("secret")
}

func (v *visit) showSecretEnd(f *form) error {
	end, err := v.secretEnd()
	if err != nil {
		return err
	}
	return v.show(view{Page: "client_secret_delete", Title: "Delete a secret of " + end.Client.Name, Form: f, Data: end})
}

func clientSecretDeleteForm(v *visit) error {
	return v.showSecretEnd(newForm("back", v.req.URL.Query().Get("back")))
}

func clientSecretDelete(v *visit, f *form) error {
	id := v.param("id")
	err := f.try(func() error {
		return v.Service.DeleteSecret(v.ctx(), v.Actor, id, v.param("secret"), f.On("force"))
	})
	switch {
	case f.Rejected():
		return v.showSecretEnd(f)
	case err != nil:
		return err
	}
	back := clientPath(id) + "/credentials"
	if f.Text("back") == "rotation" {
		back = clientPath(id) + "/rotation"
	}
	return v.done(back, "The secret was deleted.")
}
