package console

import (
	"bytes"
	"encoding/json"

	"keywright/registry"
)

func (v *visit) showKeys(f *form) error {
	page, err := v.managedClient()
	if err != nil {
		return err
	}
	if page.BySecret() {
		return v.redirect(page.Path + "/credentials")
	}
	if f == nil {
		f = newForm("jwks", indented(page.Client.JWKS))
	}
	return v.show(view{Page: "client_keys", Title: "Public keys of " + page.Client.Name, Form: f, Data: page})
}

func clientKeysForm(v *visit) error { return v.showKeys(nil) }

func clientKeysChange(v *visit, f *form) error {
	jwks := json.RawMessage(f.Text("jwks"))
	id := v.param("id")
	err := f.try(func() error {
		_, err := v.Service.UpdateClient(v.ctx(), v.Actor, id, registry.ClientPatch{JWKS: &jwks}, 0)
		return err
	})
	switch {
	case f.Rejected():
		return v.showKeys(f)
	case err != nil:
		return err
	}
	return v.done(clientPath(id)+"/credentials", "The public keys were changed.")
}

// indented is JSON for people; as it stands where it is none.
func indented(text []byte) string {
	var out bytes.Buffer
	if json.Indent(&out, text, "", "  ") != nil {
		return string(text)
	}
	return out.String()
}
