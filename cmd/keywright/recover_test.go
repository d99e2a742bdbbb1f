package main

import (
	"encoding/base64"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"keywright/internal/testpg"
)

// TestRecover restores a backup that knows nothing of the newest changes. After
// recover no token from before works, however new it is, and what is lost is
// said; without the master key the backup is of no use.
func TestRecover(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		in := install(t, environment(url))
		clients := in.newClients(t, 2)
		c := in.caller()
		before := []string{in.issued(t, c, clients[0]), in.issued(t, c, clients[1])}
		session := in.scene(t).signIn("owner@example.com", in.password)
		in.halt(t)
		backup := copyDatabase(t, url)

		in.restart(t)
		in.admin(t, "POST", "/v1/clients/"+clients[1].ID+"/secrets", nil, http.StatusCreated)
		after := []string{in.issued(t, c, clients[0]), in.issued(t, c, clients[1])}
		in.halt(t)

		in.environ = environment(backup)
		told := command(t, in.environ, "recover")
		form := `^` + in.organizationID + `  last change in the backup 20\S+Z  tokens cut off at [0-9]{10,}  Acme\nLost: every change after `
		if !regexp.MustCompile(form).MatchString(told) {
			t.Errorf("recover told:\n%s", told)
		}
		if out := command(t, in.environ, "audit", "verify"); !strings.Contains(out, in.organizationID) {
			t.Errorf("audit verify: %s", out)
		}
		in.restart(t)
		for _, token := range slices.Concat(before, after) {
			if in.active(t, c, token) {
				t.Error("a token from before the restore is active")
			}
		}
		for _, client := range clients {
			if !in.active(t, c, in.issued(t, c, client)) {
				t.Error("a new token is not active")
			}
		}
		if a := in.scene(t).as(session).ask("GET", "/v1/me", nil); a.status != http.StatusUnauthorized {
			t.Errorf("a session from before the restore: %s", a)
		}
	})
}

func TestRecoverWithoutTheMasterKey(t *testing.T) {
	t.Parallel()
	environ := environment("sqlite:" + filepath.Join(t.TempDir(), "keywright.db"))
	command(t, environ, "bootstrap", "--organization", "Acme", "--email", "owner@example.com", "--json")
	other := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", 32)))
	for _, args := range [][]string{{"recover"}, {"serve"}} {
		cmd := exec.Command("keywright", args...)
		cmd.Env = slices.Concat(environ, []string{"KEYWRIGHT_MASTER_KEY=" + other})
		out, err := cmd.CombinedOutput()
		if err == nil || !strings.Contains(string(out), "KEYWRIGHT_MASTER_KEY is not the key that sealed this database") {
			t.Errorf("%s: %v\n%s", args[0], err, out)
		}
	}
}

// issued fetches a token of a client.
func (in *installation) issued(t testing.TB, c caller, client credential) string {
	t.Helper()
	a, err := c.token(client)
	if err != nil || a.status != http.StatusOK {
		t.Fatalf("token: %v %s", err, a)
	}
	return a.object()["access_token"].(string)
}

// halt stops the server in order.
func (in *installation) halt(t testing.TB) {
	t.Helper()
	if code, err := in.Stop(); err != nil || code != 0 {
		t.Fatalf("the server ended with %d, %v", code, err)
	}
}

// scene is this installation as the tests of rules see it.
func (in *installation) scene(t *testing.T) *scene {
	return &scene{installation: in, caller: in.caller(), t: t, who: bearer(in.adminToken)}
}

// copyDatabase copies a database that nobody uses and returns the URL of the copy.
func copyDatabase(t *testing.T, url string) string {
	t.Helper()
	path, isFile := strings.CutPrefix(url, "sqlite:")
	if !isFile {
		return testpg.Copy(t, url)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	restored := filepath.Join(t.TempDir(), "restored.db")
	if err := os.WriteFile(restored, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return "sqlite:" + restored
}
