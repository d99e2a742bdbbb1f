package admin_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"keywright/storage/storagetest"
)

// TestGeneratedClient generates the types of a client from openapi.json,
// compiles a program against them, and lets it drive the API. .ci/openapi.sh
// fetches the tools.
func TestGeneratedClient(t *testing.T) {
	t.Parallel()
	tools := os.Getenv("KEYWRIGHT_OPENAPI_TOOLS")
	if tools == "" {
		t.Skip("no client was generated: KEYWRIGHT_OPENAPI_TOOLS does not name the folder of the tools, as make test does where npm is")
	}
	in := install(t, storagetest.Open(t, storagetest.SQLite))
	dir := t.TempDir()
	must(t, os.Symlink(filepath.Join(tools, "node_modules"), filepath.Join(dir, "node_modules")))
	must(t, os.WriteFile(filepath.Join(dir, "package.json"), []byte(`{"type":"module"}`), 0o600))
	program, err := os.ReadFile("testdata/client/drive.ts")
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "drive.ts"), program, 0o600))
	document, err := filepath.Abs(openAPIFile)
	must(t, err)

	run := func(name string, args ...string) []byte {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), name, args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "KEYWRIGHT_URL="+in.URL, "KEYWRIGHT_TOKEN="+in.acme.admin)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v: %s", name, err, out)
		}
		return out
	}
	run("node_modules/.bin/openapi-typescript", document, "--output", "schema.d.ts")
	run("node_modules/.bin/tsc", "--strict", "--target", "es2022", "--lib", "es2022,dom", "--module", "nodenext", "--skipLibCheck", "drive.ts")
	out := run("node", "drive.js")

	var seen struct {
		ClientID, ClientSecret, Status, Revoked, Code, Field string
		Names                                                []string
	}
	if err := json.Unmarshal(out, &seen); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if seen.ClientID == "" || seen.ClientSecret == "" || seen.Status != "active" || !slices.Contains(seen.Names, "Generated") ||
		seen.Revoked != "revoked" || seen.Code != "credential_revoked" || seen.Field != "name" {
		t.Errorf("got %s", out)
	}
	got := in.call(t, in.acme.admin, "GET", "/v1/clients/"+seen.ClientID, "").want(t, 200, "")
	if got.text("status") != "revoked" {
		t.Errorf("status: got %s", got.text("status"))
	}
}
