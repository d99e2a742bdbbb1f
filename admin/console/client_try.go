package console

import "keywright/registry"

// clientTryData shows how programs get an access token, and what one says.
type clientTryData struct {
	clientPage
	Snippets []snippet
	Token    *tokenReading // nil: none was read
}

func clientTry(v *visit) error { return v.showTry(nil) }

// clientDecode reads an access token that was pasted. The page does not show
// it again.
func clientDecode(v *visit, f *form) error {
	read, err := v.readToken(f.Text("token"))
	if err != nil {
		return err
	}
	return v.showTry(&read)
}

func (v *visit) showTry(read *tokenReading) error {
	page, err := v.client()
	if err != nil {
		return err
	}
	c := page.Client
	call := tokenCall{Issuer: v.Issuer, ClientID: c.ID, ByKey: c.AuthMethod == registry.AuthPrivateKeyJWT}
	if len(c.Audiences) > 0 {
		call.Resource = c.Audiences[0]
	}
	return v.show(view{Page: "client_try", Title: "Try " + c.Name, Data: clientTryData{page, call.snippets(), read}})
}
