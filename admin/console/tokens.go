package console

import "keywright/registry"

const tokensPath = root + "/tokens"

func tokenPages(r router) {
	r.get(tokensPath, tokenList)
	r.get(tokensPath+"/new", tokenNew)
	r.post(tokensPath+"/new", tokenCreate)
	r.get(tokensPath+"/:id", tokenShow)
	r.get(tokensPath+"/:id/edit", tokenEdit)
	r.post(tokensPath+"/:id/edit", tokenUpdate)
	r.get(tokensPath+"/:id/active", tokenShow)
	r.post(tokensPath+"/:id/active", tokenSwitch)
	r.get(tokensPath+"/:id/regenerate", tokenRegenerateForm)
	r.post(tokensPath+"/:id/regenerate", tokenRegenerate)
	r.get(tokensPath+"/:id/revoke", tokenRevokeForm)
	r.post(tokensPath+"/:id/revoke", tokenRevoke)
	r.get(tokensPath+"/:id/delete", tokenDeleteForm)
	r.post(tokensPath+"/:id/delete", tokenDelete)
}

// tokensData is the list of API tokens with what its filters offer.
type tokensData struct {
	Tokens   []registry.APIToken
	Names    map[string]string
	Projects picker
	menus    menus
}

func tokenList(v *visit) error {
	l := v.listOf("q", "type", "status", "projectId", "expiringWithin", "unusedFor", "rotationDue", "createdBy")
	found, err := v.Service.APITokens(v.ctx(), v.Actor, registry.APITokenQuery{
		ProjectID: l.Text("projectId"), CreatedBy: l.Text("createdBy"), Type: l.Text("type"),
		ListQuery: l.credentials(), Cursor: l.Cursor(),
	})
	if err != nil {
		return err
	}
	l.Next = found.NextCursor
	data := tokensData{Tokens: found.Items, menus: v.menus()}
	ids := []string{l.Text("createdBy")}
	for _, t := range found.Items {
		ids = append(ids, t.ProjectID, t.CreatedBy.ID)
	}
	if data.Names, err = v.Service.Names(v.ctx(), v.Actor, ids...); err != nil {
		return err
	}
	if data.Projects, err = v.picker("projectId", l.Text("projectId")); err != nil {
		return err
	}
	return v.show(view{Page: "tokens", Title: "API tokens", List: l, Data: data})
}

// Menu is what can be done with an API token.
func (d tokensData) Menu(t registry.APIToken) rowMenu { return d.menus.ofToken(t) }

// By is who created an API token.
func (d tokensData) By(t registry.APIToken) string { return by(d.Names, t.CreatedBy) }
