package console

import (
	"net/url"
	"strings"

	"keywright/registry"
)

// offered is how many entries a list of choices has at most.
const offered = 200

// picker offers the choice of one record. While there are few of a kind they
// stand in a select. Else the choice is typed into a field, which suggests the
// records that have the text in their names, script or not; it takes a name
// that one record alone has, an id, and what it suggests.
type picker struct {
	Options []option
	Many    bool   // there are more than are offered
	chosen  option // zero: none
}

// between a name and an id, in what a field suggests.
const pickedBy = " · "

// pickable are the fields for whose values there are pickers.
var pickable = map[string]struct {
	prefixes []string // of the ids that it takes
	found    func(v *visit, search string) (all []option, more bool, err error)
}{
	"projectId":     {[]string{registry.PrefixProject}, (*visit).projectsFound},
	"applicationId": {[]string{registry.PrefixApplication}, (*visit).applicationsFound},
	"memberId":      {[]string{registry.PrefixMember}, (*visit).membersFound},
	"target": {
		[]string{registry.PrefixOrganization, registry.PrefixProject, registry.PrefixApplication, registry.PrefixMember, registry.PrefixClient, registry.PrefixAPIToken},
		(*visit).targetsFound,
	},
}

// picker offers what the field of that name takes: where there are more than
// are offered, what has the name that was typed or picked.
func (v *visit) picker(name, value string) (picker, error) {
	field := pickable[name]
	all, more, err := field.found(v, "")
	if err != nil {
		return picker{}, err
	}
	p := picker{Options: all, Many: more, chosen: option{Label: value}}
	if isID(value, field.prefixes) {
		if p.chosen, err = v.pickedBefore(value, all); err != nil {
			return picker{}, err
		}
	}
	switch {
	case value == "":
	case more:
		if p.Options, _, err = field.found(v, p.chosen.Label); registry.KindOf(err) == registry.KindInvalid {
			err = nil // no name is like that, so nothing is suggested
		}
	case p.Name() != "" && !offers(all, value):
		p.Options = append(p.Options, p.chosen) // of a kind that is not offered
	}
	return p, err
}

// pickedBefore is the record with an id, as one of the options if it is among
// them. Without a name it is gone.
func (v *visit) pickedBefore(id string, options []option) (option, error) {
	if label := labelOf(options, id); label != "" {
		return option{id, label}, nil
	}
	names, err := v.Service.Names(v.ctx(), v.Actor, id)
	return option{id, v.targetName(names, id)}, err
}

// resolve puts ids in the place of what was picked or typed by name.
func (v *visit) resolve(values url.Values) error {
	if v.Me.Organization.ID == "" {
		return nil
	}
	for name, field := range pickable {
		text := strings.TrimSpace(values.Get(name))
		if text == "" || isID(text, field.prefixes) {
			continue
		}
		if i := strings.LastIndex(text, pickedBy); i >= 0 && isID(text[i+len(pickedBy):], field.prefixes) {
			values.Set(name, text[i+len(pickedBy):])
			continue
		}
		all, more, err := field.found(v, text)
		if registry.KindOf(err) == registry.KindInvalid {
			continue // no name is like that, which the page says
		}
		if err != nil {
			return err
		}
		if id := only(all, text); id != "" && !more {
			values.Set(name, id)
		}
	}
	return nil
}

func labelOf(options []option, value string) string {
	for _, o := range options {
		if o.Value == value {
			return o.Label
		}
	}
	return ""
}

// only is the value of the one option that has the label.
func only(all []option, label string) string {
	value := ""
	for _, o := range all {
		switch {
		case o.Label != label:
		case value != "":
			return ""
		default:
			value = o.Value
		}
	}
	return value
}

func isID(text string, prefixes []string) bool {
	for _, prefix := range prefixes {
		if registry.IsID(text, prefix) {
			return true
		}
	}
	return false
}

// Text is the choice as the field for it has it.
func (p picker) Text() string { return pickedText(p.chosen) }

// Suggestions are the options as the field takes them.
func (p picker) Suggestions() []string {
	all := make([]string, len(p.Options))
	for i, o := range p.Options {
		all[i] = pickedText(o)
	}
	return all
}

func pickedText(o option) string {
	if o.Value == "" || o.Label == "" {
		return o.Label + o.Value
	}
	return o.Label + pickedBy + o.Value
}

// Name is what the chosen record is called; empty where none is chosen.
func (p picker) Name() string {
	if p.chosen.Value == "" {
		return ""
	}
	return p.chosen.Label
}

func (v *visit) projectsFound(search string) ([]option, bool, error) {
	found, err := v.Service.Projects(v.ctx(), v.Actor, registry.ProjectQuery{Search: search, Limit: offered})
	all := make([]option, len(found.Items))
	for i, p := range found.Items {
		all[i] = option{p.ID, p.Name}
	}
	return all, found.NextCursor != "", err
}

func (v *visit) applicationsFound(search string) ([]option, bool, error) {
	found, err := v.Service.Applications(v.ctx(), v.Actor, registry.ApplicationQuery{Search: search, Limit: offered})
	all := make([]option, len(found.Items))
	for i, a := range found.Items {
		all[i] = option{a.ID, a.Name}
	}
	return all, found.NextCursor != "", err
}

func (v *visit) membersFound(search string) ([]option, bool, error) {
	found, err := v.Service.Members(v.ctx(), v.Actor, registry.MemberQuery{Search: search, Limit: offered})
	all := make([]option, len(found.Items))
	for i, m := range found.Items {
		all[i] = option{m.ID, m.Email}
	}
	return all, found.NextCursor != "", err
}
