package console

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"keywright/registry"
)

// rangeEditor is what the editor of an IP whitelist shows.
type rangeEditor struct {
	Rows    []rangeRow
	Mine    netip.Addr // of the visitor
	Verdict string     // on the address that was tested
}

// rangeEditor shows those rows in a form.
func (v *visit) rangeEditor(rows []string, f *form) rangeEditor {
	return rangeEditor{rangeRows(rows), v.Actor.Address, verdict(rows, f)}
}

// rangeRow is one row of the editor of an IP whitelist.
type rangeRow struct {
	Text  string // in its one form, where it has one
	Wrong string
}

// rangeRows brings what was typed into one form, and says where that fails.
func rangeRows(typed []string) []rangeRow {
	rows := make([]rangeRow, len(typed))
	for i, text := range typed {
		rows[i].Text = strings.TrimSpace(text)
		if rows[i].Text == "" {
			continue
		}
		p, broken := registry.ParseRange(rows[i].Text)
		if broken != "" {
			rows[i].Wrong = sentence("this " + broken)
			continue
		}
		rows[i].Text = rangeText(p)
	}
	return rows
}

// rangeText writes a range of one address as that address.
func rangeText(p netip.Prefix) string {
	if p.IsSingleIP() {
		return p.Addr().String()
	}
	return p.String()
}

// editedRanges are the rows after a button of the editor was pressed, or nil
// where the form is to be saved. Nothing is stored by it.
func editedRanges(f *form, mine netip.Addr) []string {
	rows := append([]string{}, f.All("ipWhitelist")...)
	button := f.Text("do")
	if text, ok := strings.CutPrefix(button, "remove-"); ok {
		if i, err := strconv.Atoi(text); err == nil && i >= 0 && i < len(rows) {
			rows = append(rows[:i], rows[i+1:]...)
		}
		return rows
	}
	switch button {
	case "", "save":
		return nil
	case "mine":
		rows = filled(append(rows, mine.String()))
		return append(rows, "")
	case "add":
		return append(rows, "")
	case "enter": // the key, in whichever field
		if f.Text("address") == "" {
			return append(rows, "")
		}
	case "send": // the key, in a form that is more than the rows
		switch {
		case f.Text("address") != "":
		case len(rows) > 0 && strings.TrimSpace(rows[len(rows)-1]) != "":
			return append(rows, "")
		default:
			return nil
		}
	}
	return rows
}

// typedRanges are the rows of a form that was rejected, in the order in which
// its errors count them, and one to type into; nil if it was another form.
func typedRanges(f *form) []string {
	if f.Text("part") != partAddresses {
		return nil
	}
	return append(filled(f.All("ipWhitelist")), "")
}

// verdict says whether the rows would let the tested address in; nothing where
// none was.
func verdict(rows []string, f *form) string {
	if button := f.Text("do"); !slices.Contains([]string{"test", "enter", "send"}, button) {
		return ""
	}
	var ranges []netip.Prefix
	for _, row := range filled(rows) {
		if p, broken := registry.ParseRange(row); broken == "" {
			ranges = append(ranges, p)
		}
	}
	return verdictOn(f.Text("address"), ranges)
}

// verdictOn says whether an IP whitelist lets an address in; nothing of an
// empty one.
func verdictOn(text string, whitelist []netip.Prefix) string {
	if text == "" {
		return ""
	}
	address, ok := registry.ParseAddress(text)
	if !ok {
		return text + " is no address."
	}
	for _, p := range whitelist {
		if registry.InRanges([]netip.Prefix{p}, address) {
			return address.String() + " is let in, by " + rangeText(p) + "."
		}
	}
	if len(whitelist) == 0 {
		return address.String() + " is let in: without a range any address is."
	}
	return address.String() + " is refused: it lies in no range."
}
