// Package console is the web console: pages of html/template that work as
// plain links and forms, and that htmx makes smooth. Each handler decodes,
// calls one method of registry.Service and renders; who may do what is decided
// there alone, and a page only leaves out what would be refused anyway.
//
// # To add a page
//
// Write a file named after its noun with its handlers and a function that
// mounts them, add that function to pages (pages.go), and put a template of
// the same name into templates:
//
//	func rolePages(r router) {
//		r.get("/console/roles", roleList)       // a list: clients.go
//		r.get("/console/roles/new", roleNew)    // a form, and
//		r.post("/console/roles/new", roleCreate) // what it posts to
//	}
//
//	func roleCreate(v *visit, f *form) error {
//		in := registry.RoleInput{Name: f.Text("name"), Scopes: f.Lines("scopes")}
//		var made registry.Role
//		err := f.try(func() (err error) {
//			made, err = v.Service.CreateRole(v.ctx(), v.Actor, in)
//			return err
//		})
//		switch {
//		case f.Rejected(): // the same page again, with what is wrong beside the fields
//			return v.show(view{Page: "role_new", Title: "New role", Form: f})
//		case err != nil: // a page that says why
//			return err
//		}
//		return v.done("/console/roles", "The role was made.")
//	}
//
// The fields of a form are named as registry names them in its errors. A page
// for which password and code must be fresh is mounted with getFresh and
// postFresh. Every path that is posted to answers GET as well, because htmx
// shows it in the address bar; a secret is shown by the answer to a POST and
// never stands in an address; the element it stands in carries data-once, and
// is gone when the page is left. A form that answers with a download carries
// data-hx-boost="false".
//
// A template defines "main" and may use what templates/parts.html defines; each
// part says there what it is for. What there may be thousands of, such as
// projects, is chosen by the part pick (picker.go). A table with class "rows",
// whose cells but the first have their heads in data-label, is a list of cards
// where it is narrow. Icons stand in the layout, drawn in the text's colour. A
// link with data-dialog opens the element #confirm of the page it leads to as a
// dialog, and is a plain link without script.
//
// The package knows no SQL and no OAuth.
package console
