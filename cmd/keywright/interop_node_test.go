package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// nodeScene is what a program in testdata/node is told.
type nodeScene struct {
	Issuer    string     `json:"issuer"`
	Audience  string     `json:"audience"`
	Algorithm string     `json:"algorithm"` // of JWT access tokens
	Pairs     []nodePair `json:"pairs"`
	Found     bool       `json:"found"` // there is an OpenID Connect document
}

// nodePair is a service and the resource server it calls, which authenticate alike.
type nodePair struct {
	Service        nodeClient `json:"service"`
	ResourceServer nodeClient `json:"resourceServer"`
}

type nodeClient struct {
	ID     string           `json:"id"`
	Method string           `json:"method"`
	Format string           `json:"format"`
	Secret string           `json:"secret,omitempty"`
	Key    *jose.JSONWebKey `json:"key,omitempty"`
}

// TestInteropNode runs the programs in testdata/node on openid-client,
// oauth4webapi and jose.
func TestInteropNode(t *testing.T) {
	t.Parallel()
	peers := peer(t, "KEYWRIGHT_NODE_PEERS")
	in := install(t, interop(t))
	scene := nodeScene{Issuer: in.public, Audience: testAPI, Algorithm: "ES256"}
	for _, format := range []string{"jwt", "opaque"} {
		for _, method := range []string{"client_secret_basic", "client_secret_post"} {
			scene.Pairs = append(scene.Pairs, in.nodePair(t, method, format, ""))
		}
		for _, algorithm := range []string{"ES256", "RS256", "PS256", "EdDSA"} {
			scene.Pairs = append(scene.Pairs, in.nodePair(t, "private_key_jwt", format, algorithm))
		}
	}
	for _, program := range []string{"openid-client.mjs", "oauth4webapi.mjs", "jose.mjs"} {
		t.Run(program, func(t *testing.T) {
			t.Parallel()
			runNode(t, peers, program, scene)
		})
	}
}

// TestInteropNodeAlgorithms checks JWT access tokens that are not signed with
// the algorithm of the others.
func TestInteropNodeAlgorithms(t *testing.T) {
	t.Parallel()
	peers := peer(t, "KEYWRIGHT_NODE_PEERS")
	for _, algorithm := range []string{"RS256", "EdDSA"} {
		t.Run(algorithm, func(t *testing.T) {
			t.Parallel()
			in := install(t, interop(t, "KEYWRIGHT_SIGNING_ALGORITHM="+algorithm))
			scene := nodeScene{
				Issuer: in.public, Audience: testAPI, Algorithm: algorithm,
				Pairs: []nodePair{in.nodePair(t, "client_secret_basic", "jwt", "")},
			}
			runNode(t, peers, "oauth4webapi.mjs", scene)
			runNode(t, peers, "jose.mjs", scene)
		})
	}
}

// TestInteropOpenIDAlias discovers an issuer with a path as OpenID Connect
// clients do, in either position, and fails to where the alias is off.
func TestInteropOpenIDAlias(t *testing.T) {
	t.Parallel()
	peers := peer(t, "KEYWRIGHT_NODE_PEERS")
	for setting, found := range map[string]bool{"true": true, "false": false} {
		t.Run(setting, func(t *testing.T) {
			t.Parallel()
			front := newFront(t)
			issuer := front.URL + "/tenants/one"
			in := install(t, interop(t, "KEYWRIGHT_ISSUER="+issuer, "KEYWRIGHT_OPENID_ALIAS="+setting))
			front.serve(t, in.public)
			runNode(t, peers, "openid-alias.mjs", nodeScene{
				Issuer: issuer, Audience: testAPI, Found: found,
				Pairs: []nodePair{in.nodePair(t, "client_secret_post", "jwt", "")},
			})
		})
	}
}

// nodePair makes two clients that authenticate by that method.
func (in *installation) nodePair(t *testing.T, method, format, algorithm string) nodePair {
	t.Helper()
	newClient := func(settings map[string]any) nodeClient {
		c := nodeClient{Method: method, Format: format}
		if algorithm == "" {
			made := in.newClient(t, settings)
			c.ID, c.Secret = made.ID, made.Secret
			return c
		}
		private, public := newKey(t, algorithm)
		settings["authMethod"], settings["jwks"] = method, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{public}}
		c.ID, c.Key = in.newClient(t, settings).ID, &private
		return c
	}
	return nodePair{
		Service:        newClient(map[string]any{"name": "Service", "tokenFormat": format}),
		ResourceServer: newClient(map[string]any{"name": "Resource server", "introspects": []string{testAPI}}),
	}
}

// newKey makes a key pair of a client.
func newKey(t *testing.T, algorithm string) (private, public jose.JSONWebKey) {
	t.Helper()
	var key crypto.Signer
	var err error
	switch algorithm {
	case "ES256":
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "EdDSA":
		_, key, err = ed25519.GenerateKey(rand.Reader)
	default:
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	if err != nil {
		t.Fatal(err)
	}
	private = jose.JSONWebKey{Key: key, KeyID: "key-" + algorithm, Algorithm: algorithm, Use: "sig"}
	return private, private.Public()
}

// runNode runs a program in testdata/node, which checks for itself and ends
// with the word done.
func runNode(t *testing.T, peers, program string, scene nodeScene) {
	t.Helper()
	told, err := json.Marshal(scene)
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile(filepath.Join("testdata", "node", program))
	if err != nil {
		t.Fatal(err)
	}
	dir := nodeFolder(t, peers)
	if err := os.WriteFile(filepath.Join(dir, program), source, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", program)
	cmd.Dir, cmd.Env = dir, []string{"PATH=" + os.Getenv("PATH"), "SCENE=" + string(told)}
	if out, err := cmd.CombinedOutput(); err != nil || string(out) != "done\n" {
		t.Errorf("%s: %v\n%s", program, err, out)
	}
}

// nodeFolder is a new folder whose programs find the packages.
func nodeFolder(t *testing.T, peers string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Symlink(filepath.Join(peers, "node_modules"), filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	return dir
}
