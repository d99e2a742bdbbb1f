// Package oauth is the OAuth edge: the token endpoint (RFC 6749 §4.4, RFC 8707),
// introspection (RFC 7662), revocation (RFC 7009), the questions of gateways
// about bearer tokens (RFC 6750), server metadata (RFC 8414) and the public
// keys. It is a skin: who a client is, what it may get and when a token is dead
// are decided by the registry; how a token is spelled, by oauth/signing.
//
// Every token request passes fosite's NewAccessRequest and NewAccessResponse
// with its client_credentials handler, every introspection and every question
// of a gateway IntrospectToken, every revocation NewRevocationRequest.
// provider.go composes fosite by hand and says which of our parts stand at
// which of its extension points; docs/decisions/0002-fosite.md says why. The
// way of a request:
//
//	form.go            checks that all three POST endpoints share, before fosite
//	token_checks.go    checks of a token request, before fosite
//	authentication.go  the client authentication strategy, called by fosite
//	client_credentials.go, introspect.go, revoke.go   grant, recognise, take back, called by fosite
//	answer.go          what goes out: success, refusal, error id
//
// A question of a gateway takes a way of its own around IntrospectToken:
// verify_question.go, verify.go, verify_answer.go.
package oauth
