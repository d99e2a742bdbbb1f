package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// newTarget is a resource server: it tells how many documents there are, also
// to Prometheus, whoever brings a token that introspection says may read them.
func (in *installation) newTarget(t *testing.T) *httptest.Server {
	t.Helper()
	resourceServer := in.caller()
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		token, _ := strings.CutPrefix(req.Header.Get("Authorization"), "Bearer ")
		if token == "" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		a, err := resourceServer.introspect(in.resourceServer, token)
		grant := a.object()
		scope, _ := grant["scope"].(string)
		switch {
		case err != nil || a.status != http.StatusOK:
			w.WriteHeader(http.StatusServiceUnavailable)
		case grant["active"] != true:
			w.WriteHeader(http.StatusUnauthorized)
		case !slices.Contains(strings.Fields(scope), "documents:read"):
			w.WriteHeader(http.StatusForbidden)
		default:
			w.Header().Set("Content-Type", "text/plain; version=0.0.4")
			fmt.Fprintln(w, "documents 3")
		}
	}))
	t.Cleanup(target.Close)
	return target
}
