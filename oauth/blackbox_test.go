package oauth_test

import (
	"testing"

	"keywright/registry"
)

// Endpoints, as the contract names them.
const (
	pathToken      = "/oauth2/token"
	pathIntrospect = "/oauth2/introspect"
	pathRevoke     = "/oauth2/revoke"
	pathJWKS       = "/.well-known/jwks.json"
	pathMetadata   = "/.well-known/oauth-authorization-server"
)

// blackBoxCase is one demand on the OAuth edge. The bed is shared with the
// other cases; one that moves the clock or breaks the database takes its own.
type blackBoxCase struct {
	name string // its id, and what is tried
	run  func(t *testing.T, b *bed)
}

// TestBlackBox runs every case with both token formats on both databases.
func TestBlackBox(t *testing.T) {
	t.Parallel()
	eachBed(t, func(t *testing.T, b *bed) {
		groups := [][]blackBoxCase{tokenCases, introspectionCases, revocationCases, jwtCases, metadataCases, assertionCases, verifyCases}
		if b.format == registry.FormatJWT {
			// API tokens and addresses know nothing of formats.
			groups = append(groups, jwtFormatCases, apiTokenCases, addressCases)
		}
		for _, cases := range groups {
			for _, c := range cases {
				t.Run(c.name, func(t *testing.T) {
					t.Parallel()
					c.run(t, b)
				})
			}
		}
	})
}

// own is a bed like b for one case alone.
func (b *bed) own(t *testing.T) *bed {
	t.Helper()
	return newBed(t, b.dialect, b.format, "")
}
