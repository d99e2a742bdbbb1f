package console

import "keywright/registry"

// typed checks that the name of what is to be hit was typed into the field
// typed; see the part "typed" of templates.
func (f *form) typed(name string) error {
	if f.Text("typed") == name {
		return nil
	}
	return &registry.Error{
		Kind: registry.KindInvalid, Code: registry.CodeInvalidInput, Message: "the input breaks a rule",
		Fields: []registry.FieldError{{Field: "typed", Message: "is not the name: type " + name}},
	}
}

// mustAdminister keeps those from a form who could not send it.
func (v *visit) mustAdminister() error {
	if v.Actor.Administers() {
		return nil
	}
	return registry.Forbidden(registry.CodeForbidden, "this needs the role owner or admin")
}
