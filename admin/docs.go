package admin

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"
)

// The documentation page shows the OpenAPI document as plain HTML: no script
// runs in it, and nothing is loaded from elsewhere.
var (
	//go:embed docs.html
	docsPage string
	//go:embed docs.css
	docsStyle []byte
)

const docsPolicy = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// mountDocs serves the page of the document, rendered once.
func mountDocs(e *gin.Engine, document []byte) error {
	page, err := renderDocs(document)
	if err != nil {
		return fmt.Errorf("render the documentation page: %w", err)
	}
	e.GET("/v1/docs", func(g *gin.Context) {
		g.Header("Content-Security-Policy", docsPolicy)
		g.Data(http.StatusOK, "text/html; charset=utf-8", page)
	})
	e.GET("/v1/docs.css", func(g *gin.Context) { g.Data(http.StatusOK, "text/css; charset=utf-8", docsStyle) })
	return nil
}

// The part of the OpenAPI document that the page shows.
type (
	docsDocument struct {
		Info       struct{ Title, Version, Description string }
		Tags       []docsTag
		Paths      map[string]map[string]docsOperation
		Components struct{ Schemas map[string]docsSchema }
	}
	docsTag       struct{ Name, Description string }
	docsOperation struct {
		OperationID string `json:"operationId"`
		Summary     string
		Tags        []string
		Parameters  []docsParameter
		RequestBody struct {
			Required bool
			Content  map[string]docsContent
		}
		Responses map[string]docsResponse

		Method, Path string `json:"-"`
	}
	docsParameter struct {
		Name, In, Description string
		Required              bool
		Schema                docsSchema
	}
	docsResponse struct {
		Description string
		Content     map[string]docsContent
	}
	docsContent struct{ Schema docsSchema }
	docsSchema  struct {
		Ref                 string `json:"$ref"`
		Type                any
		Format, Description string
		Enum                []any
		Items               *docsSchema
		Properties          map[string]docsSchema
		Required            []string
	}
)

// docsMethods is the order of the operations of one path.
var docsMethods = []string{"get", "post", "patch", "put", "delete"}

func renderDocs(document []byte) ([]byte, error) {
	var d docsDocument
	if err := json.Unmarshal(document, &d); err != nil {
		return nil, err
	}
	page, err := template.New("docs").Funcs(template.FuncMap{"words": docsSchema.words, "of": docsSchema.name}).Parse(docsPage)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = page.Execute(&out, map[string]any{"Info": d.Info, "Tags": d.sections(), "Schemas": d.Components.Schemas})
	return out.Bytes(), err
}

// docsSection is a tag with its operations.
type docsSection struct {
	docsTag
	Operations []docsOperation
}

func (d docsDocument) sections() []docsSection {
	var paths []string
	for path := range d.Paths {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	sections := make([]docsSection, len(d.Tags))
	for i, tag := range d.Tags {
		sections[i].docsTag = tag
		for _, path := range paths {
			for _, method := range docsMethods {
				op, there := d.Paths[path][method]
				if there && slices.Contains(op.Tags, tag.Name) {
					op.Method, op.Path = strings.ToUpper(method), path
					sections[i].Operations = append(sections[i].Operations, op)
				}
			}
		}
	}
	return sections
}

// name is the name of the schema that is referred to, of a list its items'.
func (s docsSchema) name() string {
	if s.Items != nil {
		return s.Items.name()
	}
	return s.Ref[strings.LastIndex(s.Ref, "/")+1:]
}

// words says of what type a value is.
func (s docsSchema) words() string {
	text := ""
	switch t := s.Type.(type) {
	case string:
		text = t
	case []any:
		var all []string
		for _, one := range t {
			all = append(all, fmt.Sprint(one))
		}
		text = strings.Join(all, " or ")
	}
	if s.Items != nil && s.Items.Ref == "" {
		text += " of " + s.Items.words()
	}
	if s.Format != "" {
		text += ", " + s.Format
	}
	if len(s.Enum) > 0 {
		var all []string
		for _, one := range s.Enum {
			all = append(all, fmt.Sprint(one))
		}
		text += ": " + strings.Join(all, ", ")
	}
	return text
}
