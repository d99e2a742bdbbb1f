package console

// removal is a page that says what a removal will hit before it asks for it.
type removal struct {
	Effects []string
	Users   users  // while there are any it is refused
	Path    string // what the answer is posted to
	Back    string
	Button  string
}

// showRemoval shows the page; f is the answer where that was refused.
func (v *visit) showRemoval(title string, f *form, data removal) error {
	return v.show(view{Page: "removal", Title: title, Form: f, Data: data})
}
