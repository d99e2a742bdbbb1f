package admin

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"keywright/internal/web"
	"keywright/registry"
)

// useProblems makes every error of huma one of our problem details. huma has
// package variables for that and no other way.
var useProblems = sync.OnceFunc(func() {
	huma.ValidateStrictCasing = true // encoding/json would take "Name" for "name"
	huma.NewError = func(int, string, ...error) huma.StatusError { return &web.Problem{} }
	huma.NewErrorWithContext = func(ctx huma.Context, status int, _ string, errs ...error) huma.StatusError {
		g := humagin.Unwrap(ctx)
		return web.NewProblem(g.Writer, g.Request, requestError(ctx, status, errs))
	}
})

// requestError is the error behind what huma reports: that of the handler, or
// what its check against the schema found. huma repeats the offending values;
// they are left out, because one may be a secret.
func requestError(ctx huma.Context, status int, errs []error) error {
	invalid := &registry.Error{Kind: registry.KindInvalid, Code: registry.CodeInvalidInput, Message: "the input breaks a rule"}
	for _, err := range errs {
		detail, ok := errors.AsType[*huma.ErrorDetail](err)
		if !ok {
			return explainScope(ctx, err)
		}
		place, field, _ := strings.Cut(detail.Location, ".")
		switch {
		case place != "body":
			malformed := registry.Malformed("%s parameter %s: %s", place, field, detail.Message)
			malformed.Fields = []registry.FieldError{{Field: field, Message: detail.Message}}
			return malformed
		case field == "":
			return registry.Malformed("the body does not fit: a number is out of range, or a time is not RFC 3339")
		}
		invalid.Fields = append(invalid.Fields, registry.FieldError{Field: field, Message: detail.Message})
	}
	if status == http.StatusBadRequest {
		return registry.Malformed("a JSON body is required")
	}
	return invalid
}

// explainScope tells a caller who may not, for want of a scope, which one.
func explainScope(ctx huma.Context, err error) error {
	needed := registry.ScopeAdminWrite
	if ctx.Method() == http.MethodGet {
		needed = registry.ScopeAdminRead
	}
	refused, ok := errors.AsType[*registry.Error](err)
	machine := actorOf(ctx.Context()).Role == "" // people have no scopes
	if ok && machine && refused.Code == registry.CodeForbidden && !slices.Contains(actorOf(ctx.Context()).Scopes, needed) {
		return &web.MissingScopeError{Scope: needed, Err: err}
	}
	return err
}
