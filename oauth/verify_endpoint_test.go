package oauth_test

import (
	"strings"
	"testing"

	"keywright/registry"
)

// connectedEndpoints holds that the clients of an application reach what it is
// connected to, with the scope that it needs, and nothing else.
func connectedEndpoints(t *testing.T, b *bed) {
	const books = "https://api.example.com/books"
	api, err := b.service.CreateAPI(t.Context(), b.operator, registry.APIInput{
		Identifier: books, Name: "Books", Scopes: []string{"books:read", "books:write", "books:export"},
		Endpoints: []registry.EndpointInput{
			{Method: "GET", Path: "/books/{id}", Scope: "books:read"},
			{Method: "PUT", Path: "/books/{id}", Scope: "books:write"},
			{Method: "GET", Path: "/books", Scope: ""},
			{Method: "GET", Path: "/books/export", Scope: "books:export"},
			{Method: "DELETE", Path: "/books/{id}", Scope: "books:write"},
		},
	})
	must(t, err)
	ids := map[string]string{}
	for _, e := range api.Endpoints {
		ids[e.Method+" "+e.Path] = e.ID
	}
	app, err := b.service.CreateApplication(t.Context(), b.operator, registry.ApplicationInput{
		Name: "Library " + b.dialect, Endpoints: []string{ids["GET /books/{id}"], ids["PUT /books/{id}"], ids["GET /books"]},
	})
	must(t, err)
	p := b.client(t, registry.ClientInput{ApplicationID: app.Application.ID})
	all, reading := b.issue(t, p).AccessToken, b.issue(t, p, "scope", "books:read").AccessToken
	for _, c := range []struct{ method, uri, all, reading string }{
		{"GET", "/books/42", "", ""},
		{"GET", "/books/42?x=/../;//", "", ""},
		{"GET", "/books/%34%32", "", ""},
		{"HEAD", "/books/42", "", ""},
		{"GET", "/books", "", ""},
		{"PUT", "/books/42", "", `scope="books:write"`},
		{"GET", "/books/export", "insufficient_scope", "insufficient_scope"}, // not connected, though {id} is
		{"HEAD", "/books/%65xport", "insufficient_scope", "insufficient_scope"},
		{"DELETE", "/books/42", "insufficient_scope", "insufficient_scope"},
		{"POST", "/books", "insufficient_scope", "insufficient_scope"},
		{"GET", "/books/", "insufficient_scope", "insufficient_scope"},
		{"GET", "/Books", "insufficient_scope", "insufficient_scope"},
		{"get", "/books", "insufficient_scope", "insufficient_scope"},
		{"GET", connected, "insufficient_scope", "insufficient_scope"}, // of another API
	} {
		for token, want := range map[string]string{all: c.all, reading: c.reading} {
			r := b.askFor(t, books, token, forwarded(c.method, c.uri))
			if want == "" {
				b.passes(t, r)
				continue
			}
			got := b.stopped(t, r, 403, want)
			if needed := strings.HasPrefix(want, "scope="); needed != (got.Cause == registry.CauseInsufficientScope) {
				t.Errorf("%s %s: cause %v", c.method, c.uri, got.Cause)
			}
		}
	}
	for _, untold := range []option{both(), with("X-Forwarded-Method", "GET"), with("X-Forwarded-Uri", "/books")} {
		got := b.stopped(t, b.askFor(t, books, all, untold), 403, `error="insufficient_scope"`)
		if got.Cause != registry.CauseEndpointNotConnected || got.Credential.ID != p.ID {
			t.Errorf("the error id says %v of %q", got.Cause, got.Credential.ID)
		}
	}
	// What is disconnected, or taken from the API, is closed at once.
	b.passes(t, b.askFor(t, books, all, forwarded("GET", "/books/42")))
	_, err = b.service.UpdateApplication(t.Context(), b.operator, app.Application.ID, registry.ApplicationPatch{Endpoints: &[]string{ids["GET /books"]}}, 0)
	must(t, err)
	b.stopped(t, b.askFor(t, books, all, forwarded("GET", "/books/42")), 403, `error="insufficient_scope"`)
	b.passes(t, b.askFor(t, books, all, forwarded("GET", "/books")))
}

// appendedPath holds that at /verify/{path} the request itself counts, and what
// a caller could send does not.
func appendedPath(t *testing.T, b *bed) {
	token := b.issue(t, b.reader).AccessToken
	audience := "?audience=" + escaped(documents)
	named := with("X-Keywright-Audience", documents)
	ask := func(method, path string, options ...option) reply {
		return b.send(t, method, pathVerify+path, nil, append([]option{bearer(token)}, options...)...)
	}
	for _, path := range []string{connected + audience, "/v1/%74hings" + audience} {
		b.passes(t, ask("GET", path))
		b.passes(t, ask("HEAD", path))
		b.passes(t, ask("GET", path, forwarded("DELETE", "/elsewhere")))
		b.stopped(t, ask("POST", path, forwarded("GET", connected)), 403, `error="insufficient_scope"`)
	}
	b.passes(t, ask("GET", connected, named))
	b.passes(t, ask("GET", connected+audience, named))
	b.passes(t, ask("GET", connected+"?page=2", named))
	b.stopped(t, ask("GET", "/elsewhere"+audience, forwarded("GET", connected)), 403, `error="insufficient_scope"`)
	for path, options := range map[string][]option{
		connected: nil, // no audience
		connected + "?audience=" + escaped(statistics):      {named},
		connected + audience + "&audience=" + escaped("x"):  {named},
		connected + audience + "&page=1":                    {named, named},
		connected + "?page=3":                               {named, with("X-Keywright-Audience", statistics)},
		connected + "?page=4":                               {with("X-Keywright-Audience", "")},
		connected + "?page=5":                               {with("X-Keywright-Audience", b.issuer)},
		"/v1%2fthings" + audience:                           nil,
		"/v1//things" + audience:                            nil,
		"/v1/x/../things" + audience:                        nil,
		"/v1/things;a" + audience:                           nil,
		connected + audience + "&scope=%22":                 nil,
		"/v1/%2e%2e/" + strings.Repeat("a", 300) + audience: nil,
	} {
		b.stopped(t, ask("GET", path, options...), 403, `error="invalid_request"`)
	}
	// At /verify itself the header may be the caller's.
	b.stopped(t, b.send(t, "GET", pathVerify, nil, bearer(token), named, forwarded("GET", connected)), 403, `error="invalid_request"`)
	b.passes(t, b.ask(t, token, with("X-Keywright-Audience", statistics)))
	// The root of the API is a path, too.
	free := b.issue(t, b.wide, "resource", documents).AccessToken
	b.passes(t, b.send(t, "GET", pathVerify+"/"+audience, nil, bearer(free)))
	// What only begins like the endpoint is none.
	b.refused(t, b.send(t, "GET", pathVerify+"x"+audience, nil, bearer(free)), 404, "invalid_request")
}
