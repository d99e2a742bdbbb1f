package oauth

import (
	"time"

	"keywright/registry"
)

// Metrics is told what became of each request. Every string comes from a
// bounded set that the caller of the network cannot extend: an outcome is one
// of the constants below, an error code of the answer, or (for client
// authentications) the name of a registry.Cause.
type Metrics interface {
	// TokenRequest: grantType is client_credentials or other.
	TokenRequest(grantType, outcome string, d time.Duration)
	// Introspection: credentialType is client or api_token, by the look of the token.
	Introspection(credentialType, outcome string, d time.Duration)
	Revocation(outcome string)
	// Verification: a question of a gateway.
	Verification(outcome string)
	// ClientAuthentication: method is as metadata names it, or none.
	ClientAuthentication(method, outcome string)
}

// Outcomes that are no error code or cause.
const (
	OutcomeIssued   = "issued"
	OutcomeActive   = "active"
	OutcomeInactive = "inactive"
	OutcomeRevoked  = "revoked" // answered as revoked, whether or not there was anything to revoke
	OutcomeAccepted = "accepted"
	// OutcomeRateLimited is that of what was answered 429, whatever its cause.
	OutcomeRateLimited = "rate_limited"
)

// grantOther stands for every grant_type that is not supported.
const grantOther = "other"

func credentialTypeOf(token string) string {
	if registry.LooksLikeAPIToken(token) {
		return registry.CredentialAPIToken
	}
	return registry.CredentialClient
}

type noMetrics struct{}

func (noMetrics) TokenRequest(string, string, time.Duration)  {}
func (noMetrics) Introspection(string, string, time.Duration) {}
func (noMetrics) Revocation(string)                           {}
func (noMetrics) Verification(string)                         {}
func (noMetrics) ClientAuthentication(string, string)         {}
