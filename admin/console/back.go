package console

// A page that asks before it acts leads back to where the visitor came from:
// the list whose row it was, with its filters. The parameter of the address,
// and the hidden field of the form, is this one.
const paramBack = "back"

// cameFrom is the form of a page that was come to from the one its address names.
func (v *visit) cameFrom() *form {
	return newForm(paramBack, v.req.URL.Query().Get(paramBack))
}

// backOr is the page that was come from, where that is known and ours.
func (f *form) backOr(path string) string {
	if back := f.Text(paramBack); back != "" {
		return ownPath(back)
	}
	return path
}
