package console

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"keywright/registry"
)

// The forms of the page, by the value of their field "part".
const (
	partSettings  = "settings"
	partGrants    = "grants"
	partAddresses = "addresses"
)

// clientAccessData is what a client may do and from where, in three forms. The
// one that was sent and rejected shows what was typed, the others what is.
type clientAccessData struct {
	clientPage
	Settings, Grants, Whitelist *form

	Roles                  roleChoice
	Scopes                 []scopeGroup
	Audiences, Introspects []option
	Editor                 rangeEditor
}

// clientAccess shows the page; clientAccessChange takes its forms.
func clientAccess(v *visit) error { return v.showAccess(nil, nil) }

// showAccess shows the page with one form as it was sent.
func (v *visit) showAccess(sent *form, typed []string) error {
	page, err := v.client()
	if err != nil {
		return err
	}
	c := page.Client
	data := clientAccessData{clientPage: page, Settings: settingsOf(c)}
	if typed == nil {
		typed = append(ranges(c.IPWhitelist), "")
	}
	data.Editor = v.rangeEditor(typed, sent)
	grants, err := v.grantOptions(c, &data)
	if err != nil {
		return err
	}
	data.Grants = grants
	switch sent.Text("part") {
	case partSettings:
		data.Settings = sent
	case partGrants:
		data.Grants = sent
	case partAddresses:
		data.Whitelist = sent
	}
	return v.show(view{Page: "client_access", Title: "Access of " + c.Name, Form: sent, Data: data})
}

func clientAccessChange(v *visit, f *form) error {
	if f.Text("part") == partAddresses {
		if rows := editedRanges(f, v.Actor.Address); rows != nil {
			return v.showAccess(f, rows)
		}
	}
	c, err := v.Service.Client(v.ctx(), v.Actor, v.param("id"))
	if err != nil {
		return err
	}
	var patch registry.ClientPatch
	switch f.Text("part") {
	case partSettings:
		patch = settingsPatch(c, f)
	case partGrants:
		patch = grantsPatch(c, f)
	case partAddresses:
		patch.IPWhitelist = changedSet(filled(f.All("ipWhitelist")), ranges(c.IPWhitelist))
	default:
		return registry.Malformed("part is none of the page's")
	}
	match, to := f.Number("revision"), clientPath(c.ID)+"/access"
	if patch == (registry.ClientPatch{}) && len(f.broken) == 0 {
		return v.done(to, "There was nothing to change.")
	}
	err = f.try(func() error {
		_, err := v.Service.UpdateClient(v.ctx(), v.Actor, c.ID, patch, match)
		return err
	})
	switch {
	case f.Rejected():
		return v.showAccess(f, typedRanges(f))
	case err != nil:
		return err
	}
	return v.done(to, "The change is in force.")
}

func settingsOf(c registry.ClientDetails) *form {
	f := newForm("name", c.Name, "description", c.Description, "environment", c.Environment,
		"expiresAt", dayOf(c.ExpiresAt), "tokenFormat", c.TokenFormat)
	if c.TokenTTL != 0 {
		f.values.Set("tokenTtlSeconds", strconv.Itoa(int(c.TokenTTL.Seconds())))
	}
	if c.Watch {
		f.values.Set("watch", "on")
	}
	return f
}

// settingsPatch has what differs from the client as it is: what was left alone
// cannot be refused.
func settingsPatch(c registry.ClientDetails, f *form) registry.ClientPatch {
	p := registry.ClientPatch{
		Name: changed(f.Text("name"), c.Name), Description: changed(f.Text("description"), c.Description),
		Environment: changed(f.Text("environment"), c.Environment), TokenFormat: changed(f.Text("tokenFormat"), c.TokenFormat),
		TokenTTL: changed(f.Seconds("tokenTtlSeconds"), c.TokenTTL), Watch: changed(f.On("watch"), c.Watch),
	}
	if f.Text("expiresAt") != dayOf(c.ExpiresAt) {
		day := f.Day("expiresAt")
		p.ExpiresAt = &day
	}
	return p
}

// changed is what a value is to become, or nil where it stays.
func changed[T comparable](now, was T) *T {
	if now == was {
		return nil
	}
	return &now
}

// changedSet is changed for a list whose order says nothing.
func changedSet(now, was []string) *[]string {
	now, was = slices.Sorted(slices.Values(now)), slices.Sorted(slices.Values(was))
	if slices.Equal(now, was) {
		return nil
	}
	return &now
}

// dayOf is a moment as a date input has it.
func dayOf(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
}

// filled are the texts that are not empty, without the space around them.
func filled(all []string) []string {
	var kept []string
	for _, text := range all {
		if text = strings.TrimSpace(text); text != "" {
			kept = append(kept, text)
		}
	}
	return kept
}
