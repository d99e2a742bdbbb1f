package registry

// explanation is what an administrator is told of a cause, besides its name.
type explanation struct{ meaning, advice string }

// explanations has a line per cause, in their order. docs/errors.md shows the
// same, and a test says so.
var explanations = [...]explanation{
	CauseNone:                   {"no refusal: never inside an error id", "nothing"},
	CauseNoCredential:           {"the request brought no credential", "send one in the Authorization header"},
	CauseMalformedCredential:    {"the credential could not be read: a broken header, a NUL, text that is not UTF-8", "correct how the caller builds the request"},
	CauseUnknownClient:          {"there is no such client: a wrong id, or it was deleted or never confirmed", "check the client id and the environment it is sent to"},
	CauseWrongSecret:            {"the client exists; the secret is none of its own", "compare the last four characters with the hints of its secrets; deploy the right one or regenerate"},
	CauseSecretExpired:          {"the secret's date, or the overlap after its replacement, has passed", "deploy the newer secret"},
	CauseSecretRevoked:          {"the secret was replaced without overlap or deleted; for an access token: the secret it was obtained with", "deploy the newer secret and get a new token"},
	CauseRevoked:                {"the client or API token is revoked", "create another if it should still have access"},
	CauseExpired:                {"the client or API token is past its expiry", "regenerate it, which gives it a new expiry"},
	CauseDisabled:               {"the client or API token is switched off", "set isActive if it should work again"},
	CausePending:                {"the client was not yet confirmed", "confirm it"},
	CauseAddressOffList:         {"the caller's address is not on the IP whitelist", "add the address, or find out who uses the credential from there"},
	CauseAddressUnknown:         {"there is an IP whitelist and the caller's address was not told", "let the resource server send client_ip"},
	CauseWrongMethod:            {"the client is registered for another way of authentication", "authenticate as its authMethod says"},
	CauseUnknownToken:           {"an API token of the right form that does not exist", "check the token and the environment it is sent to; it may have been regenerated or deleted"},
	CauseMalformedToken:         {"a token of the wrong form: cut, extended, misspelt", "copy the token again, whole"},
	CauseBadSignature:           {"the signature or seal of an access token is not ours", "get a token from this issuer"},
	CauseTokenExpired:           {"the access token is past its exp", "get a new token"},
	CauseTokenRevoked:           {"the access token itself was revoked", "get a new token"},
	CauseTokenCutOff:            {"the access token is older than a revocation, disabling or regeneration that concerns it", "get a new token, if the client may still have one"},
	CauseOtherOrganization:      {"the token belongs to another organization than the one who asks", "ask with a resource server of the token's organization"},
	CauseOtherAudience:          {"the token is for another audience than the one who asks", "get a token with resource set to this API"},
	CauseAudienceGone:           {"the client may no longer reach any audience of the token", "give the client the API's scopes or endpoints back, or name another resource"},
	CauseNotResourceServer:      {"the client that introspects lists no API it serves", "list the APIs it serves in introspects"},
	CauseInvalidRequest:         {"the request itself was wrong", "read the detail of the answer and correct the request"},
	CauseInvalidScope:           {"a scope was asked for that the client may not have", "ask for less, or grant the scope"},
	CauseInvalidTarget:          {"a resource was named that the client may not reach", "name one of the client's APIs, or grant it"},
	CauseUnsupportedGrant:       {"a grant that is not offered", "use client_credentials"},
	CauseUnauthorizedClient:     {"the client may not do this, such as revoke another's token", "use the client that the token was issued to"},
	CauseForbidden:              {"the caller is known and may not", "ask an owner or admin"},
	CauseConsoleSessionRequired: {"a person's console session is needed", "sign in and do it there"},
	CauseGrantExceedsOwn:        {"the grant goes beyond the granter", "ask an owner or admin"},
	CauseNotFound:               {"absent, or of another organization", "check the id and the organization of the credential"},
	CauseConflict:               {"the state forbids it", "read the detail of the answer"},
	CausePrecondition:           {"the If-Match was stale", "get it again and repeat the change"},
	CauseBodyTooLarge:           {"the body was over the limit", "send less"},
	CauseRateLimited:            {"too many wrong credentials; at the OAuth endpoints, text that can be no secret and was not looked up because of them", "find who guesses, or what uses an old secret; wait for Retry-After"},
	CauseUnavailable:            {"the database could not answer", "repeat it; look at the health of the database"},
	CauseInternal:               {"a fault of ours; the log has it under the error id", "report it with the error id"},
	CauseInsufficientScope:      {"the token lacks the scope that the operation needs", "use a credential that holds the scope which the challenge names"},
	CauseMethodNotAllowed:       {"the path does not know the method", "use one that Allow lists"},
	CauseUnknownMember:          {"sign-in with an e-mail address that no member has", "check the address"},
	CauseWrongPassword:          {"sign-in with a password that is not the member's", "try again; if it was not the member, change the password"},
	CauseOneTimeCodeMissing:     {"sign-in with the right password, without the one-time code that is asked for too", "send the code"},
	CauseWrongOneTimeCode:       {"sign-in with a one-time code that is wrong, too old or used already", "wait for the next code; check the clock of the device"},
	CauseUnknownSession:         {"the cookie names no session: it ended, was revoked, or its member was removed", "sign in again"},
	CauseSessionExpired:         {"the session had no request for 30 minutes, or is older than 12 hours", "sign in again"},
	CauseWrongKey:               {"the assertion is signed by none of the client's keys, or names another kid or algorithm than they have", "compare its kid and algorithm with the client's keys; register the key it is signed with"},
	CauseKeyRemoved:             {"the access token was obtained with a key that was taken out of the client's jwks since", "get a new token with a key that is registered"},
	CauseAssertionExpired:       {"the assertion is past its exp", "make a new one for each request; check the clock of the caller"},
	CauseAssertionReplayed:      {"an assertion with this jti was used before: each works once", "make a new one for each request; find out who has the caller's assertions"},
	CauseAssertionAudience:      {"the assertion's aud is not the issuer alone", "set aud to the issuer of the metadata document"},
	CauseAssertionClaims:        {"a claim of the assertion is missing or breaks a rule: iss and sub must both be the client_id, jti must be there, exp lie at most 10 minutes ahead (and 30 seconds, for clocks that differ), iat and nbf not in the future", "correct the claims; check the clock of the caller"},
	CauseUnsafePath:             {"the request behind a gateway has a path that servers read differently: an empty or dot segment, a semicolon, a backslash, an encoded slash", "let the caller write the path plainly; if it was no mistake, find out who tries"},
	CauseEndpointNotConnected:   {"method and path behind the gateway are no endpoint that is connected to the client's application, or the gateway did not tell them", "connect the endpoint to the application, or compare method and path with those of the API"},
	CauseInsufficientPermission: {"the token lacks a permission that the gateway asks for", "give the credential the permission"},
	CauseSignInAgain:            {"the session began too long ago for what is dangerous", "sign in again, and repeat it within 15 minutes"},
}

func (c Cause) explain() explanation {
	if int(c) < len(explanations) {
		return explanations[c]
	}
	return explanation{"a cause that a newer version knows", "ask with that version"}
}

// Meaning says in a sentence what the cause is.
func (c Cause) Meaning() string { return c.explain().meaning }

// Advice says what can be done about it.
func (c Cause) Advice() string { return c.explain().advice }
