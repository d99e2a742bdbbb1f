package console

import (
	"time"

	"keywright/registry"
)

// This file holds what ends the present value of an API token, or the whole.

// tokenEndData is an API token that something is about to be done to.
type tokenEndData struct {
	tokenData
	Back string // where not doing it leads
}

func tokenRegenerateForm(v *visit) error {
	return v.showTokenEnd("token_regenerate", "Regenerate", newForm("life", lifeKept, paramBack, v.req.URL.Query().Get(paramBack)))
}

func tokenRegenerate(v *visit, f *form) error {
	var expiresAt *time.Time
	if f.Text("life") != lifeKept {
		at := f.expiry(v.Now())
		expiresAt = &at
	}
	var t registry.APIToken
	var value registry.SecretText
	err := f.try(func() (err error) {
		t, value, err = v.Service.RegenerateAPIToken(v.ctx(), v.Actor, v.param("id"), expiresAt)
		return err
	})
	switch {
	case f.Rejected():
		return v.showTokenEnd("token_regenerate", "Regenerate", f)
	case err != nil:
		return err
	}
	return v.showOnce(newSecret{Name: t.Name, Secret: value, Back: f.backOr(tokenPath(t))})
}

func tokenRevokeForm(v *visit) error { return v.showTokenEnd("token_revoke", "Revoke", v.cameFrom()) }

// tokenRevoke revokes an API token or, if it is to be removed as well, deletes
// it, which revokes it first.
func tokenRevoke(v *visit, f *form) error {
	if f.On("remove") {
		return tokenDelete(v, f)
	}
	t, err := v.endToken(f, func(t registry.APIToken) error {
		_, err := v.Service.RevokeAPIToken(v.ctx(), v.Actor, t.ID, 0)
		return err
	})
	switch {
	case f.Rejected():
		return v.showTokenEnd("token_revoke", "Revoke", f)
	case err != nil:
		return err
	}
	return v.done(f.backOr(tokenPath(t)), "The API token is revoked, for good.")
}

func tokenDeleteForm(v *visit) error { return v.showTokenEnd("token_delete", "Delete", v.cameFrom()) }

func tokenDelete(v *visit, f *form) error {
	_, err := v.endToken(f, func(t registry.APIToken) error {
		return v.Service.DeleteAPIToken(v.ctx(), v.Actor, t.ID, 0)
	})
	switch {
	case f.Rejected():
		page, word := "token_delete", "Delete"
		if f.On("remove") {
			page, word = "token_revoke", "Revoke"
		}
		return v.showTokenEnd(page, word, f)
	case err != nil:
		return err
	}
	return v.done(f.backOr(tokensPath), "The API token is deleted. What was done to it stays in the audit.")
}

// endToken runs end on the API token of the path, if its name was typed.
func (v *visit) endToken(f *form, end func(registry.APIToken) error) (registry.APIToken, error) {
	t, err := v.Service.APIToken(v.ctx(), v.Actor, v.param("id"))
	if err != nil {
		return t, err
	}
	return t, f.try(func() error {
		if err := f.typed(t.Name); err != nil {
			return err
		}
		return end(t)
	})
}

// showTokenEnd shows a page that asks before it does something to the API
// token of the path.
func (v *visit) showTokenEnd(page, word string, f *form) error {
	t, err := v.managedToken()
	if err == nil && page == "token_revoke" {
		err = v.mustAdminister()
	}
	if err != nil {
		return err
	}
	return v.show(view{Page: page, Title: word + " " + t.Name, Form: f, Data: tokenEndData{v.tokenData(t), f.backOr(tokenPath(t))}})
}
