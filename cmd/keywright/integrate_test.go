package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const integrateDocument = "../../docs/integrate.md"

// program is an environment in which the programs of docs/integrate.md run.
type program struct {
	in      *installation
	environ []string
}

// TestIntegrateDocument runs the programs of docs/integrate.md as they stand.
// Those for nginx and Prometheus are run by TestInteropNginx and
// TestInteropPrometheus.
func TestIntegrateDocument(t *testing.T) {
	t.Parallel()
	in := install(t, interop(t))
	client := in.newClient(t, map[string]any{"name": "Service"})
	got, err := in.caller().post("/oauth2/token", client, map[string][]string{
		"grant_type": {"client_credentials"}, "scope": {"documents:read"},
	})
	if err != nil {
		t.Fatal(err)
	}
	token, _ := got.object()["access_token"].(string)
	p := program{in, []string{
		"PATH=" + os.Getenv("PATH"), "ISSUER=" + in.public, "AUDIENCE=" + testAPI, "API=" + in.newTarget(t).URL, "TOKEN=" + token,
		"CLIENT_ID=" + client.ID, "CLIENT_SECRET=" + client.Secret,
		"SERVER_ID=" + in.resourceServer.ID, "SERVER_SECRET=" + in.resourceServer.Secret, "ORGANIZATION_ID=" + in.organizationID,
	}}
	for section, run := range map[string]func(*testing.T){
		"curl":                              p.runCurl,
		"Go":                                p.runGo,
		"Python":                            p.runPython,
		"Node":                              p.runNode,
		"Without a secret: private_key_jwt": p.runPrivateKey,
	} {
		t.Run(section, func(t *testing.T) {
			t.Parallel()
			run(t)
		})
	}
}

func needs(t *testing.T, tool string) {
	t.Helper()
	if _, err := exec.LookPath(tool); err != nil {
		t.Skipf("this part of the document needs %s", tool)
	}
}

// throughBusy is p where the first request is answered 503 with Retry-After,
// which its program must heed.
func (p program) throughBusy(t *testing.T) program {
	t.Helper()
	front := newFront(t)
	front.serve(t, p.in.public)
	front.busy.Store(1)
	p.environ = append(slices.Clone(p.environ), "ISSUER="+front.URL)
	return p
}

func (p program) runCurl(t *testing.T) {
	needs(t, "curl")
	runShell(t, blocksOf(t, integrateDocument, "curl", "sh"), p.throughBusy(t).environ...)
}

func (p program) runGo(t *testing.T) {
	for _, b := range blocksOf(t, integrateDocument, "Go", "go") {
		dir := t.TempDir()
		source, binary := filepath.Join(dir, "main.go"), filepath.Join(dir, "program")
		if err := os.WriteFile(source, []byte(b.script), 0o600); err != nil {
			t.Fatal(err)
		}
		// From this folder, so that the libraries of the module are found.
		if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, source).CombinedOutput(); err != nil {
			t.Fatalf("the block of line %d: %v\n%s", b.line, err, out)
		}
		b.compare(t, p.output(t, dir, binary))
	}
}

func (p program) runPython(t *testing.T) {
	needs(t, "python3")
	for _, b := range blocksOf(t, integrateDocument, "Python", "python") {
		b.compare(t, p.throughBusy(t).output(t, t.TempDir(), "python3", "-c", b.script))
	}
}

func (p program) runNode(t *testing.T) {
	peers := peer(t, "KEYWRIGHT_NODE_PEERS")
	for _, b := range blocksOf(t, integrateDocument, "Node", "js") {
		b.compare(t, p.node(t, nodeFolder(t, peers), b))
	}
}

// runPrivateKey makes a key pair, registers it as an administrator would, and
// uses it.
func (p program) runPrivateKey(t *testing.T) {
	dir := nodeFolder(t, peer(t, "KEYWRIGHT_NODE_PEERS"))
	b := blocksOf(t, integrateDocument, "Without a secret: private_key_jwt", "js")
	if len(b) != 2 {
		t.Fatalf("got %d blocks, want one that makes the key and one that uses it", len(b))
	}
	public := p.node(t, dir, b[0])
	b[0].compare(t, public)
	client := p.in.newClient(t, map[string]any{"name": "Keyed", "authMethod": "private_key_jwt", "jwks": json.RawMessage(public)})
	p.environ = append(slices.Clone(p.environ), "CLIENT_ID="+client.ID)
	b[1].compare(t, p.node(t, dir, b[1]))
}

func (p program) node(t *testing.T, dir string, b block) string {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "program.mjs"), []byte(b.script), 0o600); err != nil {
		t.Fatal(err)
	}
	return p.output(t, dir, "node", "program.mjs")
}

// output is what a program prints that ends well.
func (p program) output(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir, cmd.Env = dir, p.environ
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s%s", err, out, stderr.String())
	}
	return string(out)
}
