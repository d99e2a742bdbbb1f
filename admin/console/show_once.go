package console

import (
	"encoding/json"
	"time"

	"keywright/registry"
)

const downloadPath = root + "/download"

func showOncePages(r router) {
	// Whose session ends while the secret is shown must not lose it, and nothing
	// is given away: the answer is what was sent.
	r.open(downloadPath, func(v *visit) error { return v.redirect(root) }, download)
	r.get(clientsPath+"/:id/confirm", func(v *visit) error { return v.redirect(clientsPath + "/" + v.param("id")) })
	r.post(clientsPath+"/:id/confirm", clientConfirm)
}

// newSecret is a credential whose secret was made just now, to be shown by
// showOnce.
type newSecret struct {
	Name     string              // of the credential
	ClientID string              // empty: an API token
	Secret   registry.SecretText // the zero one: the client has public keys instead
	Pending  bool                // the client is to be confirmed once its JSON was downloaded
	Back     string              // path that the page leads to
}

// showOnce is the one answer, to a POST, in which a secret stands. While the
// client is pending, its page leads on through clientConfirm alone.
func (v *visit) showOnce(n newSecret) error {
	return v.show(view{Page: "show_once", Title: "New credentials", Data: shownOnce{n, v.Issuer}})
}

// shownOnce is what the page shows.
type shownOnce struct {
	newSecret
	Issuer string
}

// TokenEndpoint is where a client exchanges its secret.
func (s shownOnce) TokenEndpoint() string { return s.Issuer + "/oauth2/token" }

// Env is the text of an .env file.
func (s shownOnce) Env() string {
	if s.ClientID == "" {
		return "API_TOKEN=" + s.Secret.Reveal() + "\n"
	}
	text := "CLIENT_ID=" + s.ClientID + "\n"
	if secret := s.Secret.Reveal(); secret != "" {
		text += "CLIENT_SECRET=" + secret + "\n"
	}
	return text + "TOKEN_ENDPOINT=" + s.TokenEndpoint() + "\n"
}

// file is the JSON of a credential, with the names that OAuth has for them.
type file struct {
	ClientID      string `json:"client_id,omitempty"`
	ClientSecret  string `json:"client_secret,omitempty"`
	APIToken      string `json:"api_token,omitempty"`
	Issuer        string `json:"issuer"`
	TokenEndpoint string `json:"token_endpoint,omitempty"`
}

func (s shownOnce) file() file {
	if s.ClientID == "" {
		return file{APIToken: s.Secret.Reveal(), Issuer: s.Issuer}
	}
	return file{ClientID: s.ClientID, ClientSecret: s.Secret.Reveal(), Issuer: s.Issuer, TokenEndpoint: s.TokenEndpoint()}
}

// download sends the values of the page back as a file. They are stored
// nowhere; that those of a client were downloaded is noted in a cookie, for
// clientConfirm.
func download(v *visit, f *form) error {
	n, err := readNewSecret(f)
	if err != nil {
		return err
	}
	content, err := json.MarshalIndent(shownOnce{n, v.Issuer}.file(), "", "  ")
	if err != nil {
		return err
	}
	name := "api-token.json"
	if n.ClientID != "" {
		name = n.ClientID + ".json"
		v.Sessions.SetNote(v.w, downloadNote(n.ClientID), "1", registry.ConfirmWithin)
	}
	v.w.Header().Set("Content-Type", "application/json")
	v.w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	_, _ = v.w.Write(append(content, '\n')) // nothing is left to tell a browser that is gone
	return nil
}

// readNewSecret reads back what the page showed, and takes nothing that does
// not have the form of what the server makes.
func readNewSecret(f *form) (newSecret, error) {
	n := newSecret{ClientID: f.Raw("clientId"), Back: f.Raw("back")}
	prefix := registry.PrefixClientSecret
	if n.ClientID == "" {
		prefix = registry.PrefixAPITokenValue
	}
	var formed bool
	n.Secret, formed = registry.ParseSecretText(prefix, f.Raw("secret"))
	switch {
	case n.ClientID != "" && !registry.IsID(n.ClientID, registry.PrefixClient):
		return n, registry.Malformed("clientId is none")
	case !formed && (n.ClientID == "" || n.Secret.Reveal() != ""):
		return n, registry.Malformed("secret is none")
	}
	return n, nil
}

// downloadNote is the name of the note which says that the values of a client
// were downloaded. Whoever forges it fools themselves alone.
func downloadNote(clientID string) string { return "keywright_downloaded_" + clientID }

// downloaded tells whether this browser has downloaded the values of a client.
func (v *visit) downloaded(clientID string) bool {
	_, kept := v.Sessions.Note(v.req, downloadNote(clientID))
	return kept
}

// clientConfirm makes a pending client active once its values were downloaded,
// or throws it away. Where it cannot confirm, the values are shown again: they
// would be lost with the page. It comes without them from the page of a client
// whose values were downloaded before their page was lost.
func clientConfirm(v *visit, f *form) error {
	c, err := v.Service.Client(v.ctx(), v.Actor, v.param("id"))
	if err != nil {
		return err
	}
	n, err := readNewSecret(f)
	if err != nil {
		return err
	}
	n.Name, n.ClientID, n.Pending = c.Name, c.ID, true
	if f.On("discard") {
		return v.discard(c, n.Back)
	}
	err = f.try(func() error {
		if !v.downloaded(c.ID) {
			return registry.Conflict(registry.CodeConflict, "download the JSON first: the secret is not shown again")
		}
		_, err := v.Service.ConfirmClient(v.ctx(), v.Actor, c.ID)
		return err
	})
	switch {
	case f.Rejected() && (n.Secret.Reveal() != "" || c.AuthMethod == registry.AuthPrivateKeyJWT):
		return v.show(view{Page: "show_once", Title: "New credentials", Form: f, Data: shownOnce{n, v.Issuer}})
	case err != nil:
		return err
	}
	v.Sessions.SetNote(v.w, downloadNote(c.ID), "", -time.Second)
	return v.done(n.Back, "The credentials of "+c.Name+" are active.")
}

// discard deletes a client that was not confirmed.
func (v *visit) discard(c registry.ClientDetails, back string) error {
	if c.Status != registry.StatusPending {
		return registry.Conflict(registry.CodeConflict, "the client is not pending")
	}
	if err := v.Service.DeleteClient(v.ctx(), v.Actor, c.ID, c.Revision); err != nil {
		return err
	}
	if back == clientsPath+"/"+c.ID {
		back = clientsPath
	}
	return v.done(back, "The credentials of "+c.Name+" were thrown away.")
}
