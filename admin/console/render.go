package console

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"

	"keywright/internal/web"
	"keywright/registry"
)

//go:embed templates
var templateFiles embed.FS

// templates are the pages by name, each with the layout and the parts.
type templates map[string]*template.Template

func parseTemplates() (templates, error) {
	base, err := template.New("layout.html").Funcs(functions).ParseFS(templateFiles, "templates/layout.html", "templates/parts.html")
	if err != nil {
		return nil, err
	}
	files, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		return nil, err
	}
	all := templates{}
	for _, file := range files {
		name := strings.TrimSuffix(path.Base(file), ".html")
		if name == "layout" || name == "parts" {
			continue
		}
		page, err := base.Clone()
		if err != nil {
			return nil, err
		}
		if all[name], err = page.ParseFS(templateFiles, file); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// view is what a handler has to show.
type view struct {
	Page  string // its template
	Title string
	Form  *form
	List  *list
	Data  any
}

// shown is what a template sees.
type shown struct {
	view
	Sections []section // none: nobody is signed in
	Path     string
	Me       registry.Me // zero: nobody is signed in
	SignedIn bool
	Admin    bool // the visitor administers the organization
	Notice   string
	Now      time.Time
}

// show answers with a page. Where its form was rejected, the status is that of
// the rejection.
func (v *visit) show(page view) error {
	status := http.StatusOK
	if page.Form.Rejected() {
		p := web.NewProblem(v.w, v.req, page.Form.err)
		status, page.Form.ErrorID = p.Status, p.ErrorID
	}
	return v.render(status, page)
}

func (v *visit) render(status int, page view) error {
	parsed, known := v.templates[page.Page]
	if !known {
		return fmt.Errorf("there is no page %q", page.Page)
	}
	data := shown{
		view: page, Path: v.req.URL.Path, Me: v.Me, SignedIn: v.Me.Organization.ID != "",
		Admin: v.Actor.Administers(), Notice: v.takeNotice(),
	}
	if v.Now != nil {
		data.Now = v.Now()
	}
	if data.SignedIn {
		data.Sections = sections
	}
	var out bytes.Buffer
	if err := parsed.Execute(&out, data); err != nil {
		return fmt.Errorf("render the page %s: %w", page.Page, err)
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.WriteHeader(status)
	_, _ = out.WriteTo(v.w) // the status is out: nothing is left to tell the browser
	return nil
}

// Current tells whether the section is the one the page lies in.
func (s shown) Current(one section) bool {
	if one.Path == root {
		return s.Path == root
	}
	return s.Path == one.Path || strings.HasPrefix(s.Path, one.Path+"/")
}
