package admin_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"strings"
	"testing"

	"keywright/storage/storagetest"
)

var update = flag.Bool("update", false, "write openapi.json anew")

const openAPIFile = "openapi.json"

func TestOpenAPI(t *testing.T) {
	t.Parallel()
	in := install(t, storagetest.Open(t, storagetest.SQLite))
	resp, err := http.Get(in.URL + "/v1/openapi.json") // needs no credential
	must(t, err)
	defer resp.Body.Close()
	var document any
	must(t, json.NewDecoder(resp.Body).Decode(&document))
	got, err := json.MarshalIndent(document, "", "  ")
	must(t, err)
	got = append(got, '\n')
	if *update {
		must(t, os.WriteFile(openAPIFile, got, 0o644))
	}
	want, err := os.ReadFile(openAPIFile)
	must(t, err)
	if !bytes.Equal(got, want) {
		t.Errorf("%s is out of date: go test ./admin -run OpenAPI -update", openAPIFile)
	}
}

// operation is one route of the document.
type operation struct{ method, path string }

// operations reads the routes that the document describes, so that no test of
// "every route" forgets one.
func operations(t *testing.T) []operation {
	t.Helper()
	raw, err := os.ReadFile(openAPIFile)
	must(t, err)
	var document struct {
		OpenAPI string                                `json:"openapi"`
		Paths   map[string]map[string]json.RawMessage `json:"paths"`
	}
	must(t, json.Unmarshal(raw, &document))
	var all []operation
	for path, methods := range document.Paths {
		for method := range methods {
			all = append(all, operation{strings.ToUpper(method), path})
		}
	}
	if len(all) < 18 || !strings.HasPrefix(document.OpenAPI, "3.1") {
		t.Fatalf("the document describes %d routes as OpenAPI %s", len(all), document.OpenAPI)
	}
	return all
}
