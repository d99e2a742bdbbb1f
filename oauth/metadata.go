package oauth

import (
	"encoding/json"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// metadata is the authorization server metadata (RFC 8414 §2). It advertises
// what works and nothing else.
type metadata struct {
	Issuer                string   `json:"issuer"`
	TokenEndpoint         string   `json:"token_endpoint"`
	IntrospectionEndpoint string   `json:"introspection_endpoint"`
	RevocationEndpoint    string   `json:"revocation_endpoint"`
	JWKSURI               string   `json:"jwks_uri"`
	GrantTypes            []string `json:"grant_types_supported"`
	// ResponseTypes is empty, and there all the same:
	// docs/decisions/0001-metadata-response-types.md.
	ResponseTypes               []string                  `json:"response_types_supported"`
	TokenAuthMethods            []string                  `json:"token_endpoint_auth_methods_supported"`
	TokenAuthAlgorithms         []jose.SignatureAlgorithm `json:"token_endpoint_auth_signing_alg_values_supported"`
	IntrospectionAuthMethods    []string                  `json:"introspection_endpoint_auth_methods_supported"`
	IntrospectionAuthAlgorithms []jose.SignatureAlgorithm `json:"introspection_endpoint_auth_signing_alg_values_supported"`
	RevocationAuthMethods       []string                  `json:"revocation_endpoint_auth_methods_supported"`
	RevocationAuthAlgorithms    []jose.SignatureAlgorithm `json:"revocation_endpoint_auth_signing_alg_values_supported"`
}

func newMetadata(issuer string) (document, error) {
	base := strings.TrimRight(issuer, "/")
	methods := []string{methodBasic, methodPost, methodAssertion}
	body, err := json.Marshal(metadata{
		Issuer:                      issuer,
		TokenEndpoint:               base + pathToken,
		IntrospectionEndpoint:       base + pathIntrospect,
		RevocationEndpoint:          base + pathRevoke,
		JWKSURI:                     base + pathJWKS,
		GrantTypes:                  []string{grantClientCredentials},
		ResponseTypes:               []string{},
		TokenAuthMethods:            methods,
		TokenAuthAlgorithms:         assertionAlgorithms,
		IntrospectionAuthMethods:    methods,
		IntrospectionAuthAlgorithms: assertionAlgorithms,
		RevocationAuthMethods:       methods,
		RevocationAuthAlgorithms:    assertionAlgorithms,
	})
	return newDocument(body), err
}
