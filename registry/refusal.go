package registry

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"
	"time"
)

// Cause is the exact reason of a refusal, for administrators. Callers only see
// the standard answer and an error id.
type Cause uint8

// The causes. Their numbers are sealed into error ids that people keep: only
// append.
const (
	CauseNone Cause = iota
	CauseNoCredential
	CauseMalformedCredential
	CauseUnknownClient
	CauseWrongSecret
	CauseSecretExpired
	CauseSecretRevoked
	CauseRevoked
	CauseExpired
	CauseDisabled
	CausePending
	CauseAddressOffList
	CauseAddressUnknown
	CauseWrongMethod
	CauseUnknownToken
	CauseMalformedToken
	CauseBadSignature
	CauseTokenExpired
	CauseTokenRevoked
	CauseTokenCutOff
	CauseOtherOrganization
	CauseOtherAudience
	CauseAudienceGone
	CauseNotResourceServer
	CauseInvalidRequest
	CauseInvalidScope
	CauseInvalidTarget
	CauseUnsupportedGrant
	CauseUnauthorizedClient
	CauseForbidden
	CauseConsoleSessionRequired
	CauseGrantExceedsOwn
	CauseNotFound
	CauseConflict
	CausePrecondition
	CauseBodyTooLarge
	CauseRateLimited
	CauseUnavailable
	CauseInternal
	CauseInsufficientScope
	CauseMethodNotAllowed
	CauseUnknownMember
	CauseWrongPassword
	CauseOneTimeCodeMissing
	CauseWrongOneTimeCode
	CauseUnknownSession
	CauseSessionExpired
	CauseWrongKey
	CauseKeyRemoved
	CauseAssertionExpired
	CauseAssertionReplayed
	CauseAssertionAudience
	CauseAssertionClaims
	CauseUnsafePath
	CauseEndpointNotConnected
	CauseInsufficientPermission
	CauseSignInAgain
)

var causeNames = [...]string{
	"none", "no_credential", "malformed_credential", "unknown_client", "wrong_secret", "secret_expired",
	"secret_revoked", "credential_revoked", "credential_expired", "credential_disabled", "credential_pending",
	"address_off_list", "address_unknown", "wrong_method", "unknown_token", "malformed_token", "bad_signature",
	"token_expired", "token_revoked", "token_cut_off", "other_organization", "other_audience", "audience_gone",
	"not_resource_server", "invalid_request", "invalid_scope", "invalid_target", "unsupported_grant_type",
	"unauthorized_client", "forbidden", "console_session_required", "grant_exceeds_own", "not_found", "conflict",
	"precondition_failed", "body_too_large", "rate_limited", "unavailable", "internal", "insufficient_scope",
	"method_not_allowed", "unknown_member", "wrong_password", "one_time_code_missing", "wrong_one_time_code",
	"unknown_session", "session_expired", "wrong_key", "key_removed", "assertion_expired", "assertion_replayed",
	"assertion_audience", "assertion_claims", "unsafe_path", "endpoint_not_connected", "insufficient_permission",
	"sign_in_again",
}

// String is the stable name of the cause, as refusals and metrics show it.
func (c Cause) String() string {
	if int(c) < len(causeNames) {
		return causeNames[c]
	}
	return "unknown"
}

// Refused says that a credential or token was not accepted. It concerns the
// organization and credential it names, if any could be told.
type Refused struct {
	Cause          Cause
	OrganizationID string
	Credential     Principal
}

// Error names the cause. It is for logs and refusal look-ups.
func (r *Refused) Error() string { return "refused: " + r.Cause.String() }

// Refusal is what an error id says once it is opened.
type Refusal struct {
	Cause          Cause
	OrganizationID string // empty: concerns none
	Credential     Principal
	At             time.Time
}

// Box seals small values under a key of the installation, authenticated
// together with a context that must be the same on opening.
type Box interface {
	Seal(plaintext, context []byte) []byte
	Open(sealed, context []byte) ([]byte, error)
}

// ErrorIDs makes and opens error ids: sealed refusals of one fixed length,
// which need no storage and cannot be forged.
type ErrorIDs struct{ box Box }

// NewErrorIDs returns the maker of error ids under that box.
func NewErrorIDs(box Box) *ErrorIDs { return &ErrorIDs{box} }

const (
	errorIDPrefix  = "err_"
	refusalVersion = 1
	refusalBytes   = 1 + 1 + 8 + 1 + 16 + 16
)

var (
	refusalContext = []byte("keywright error id")
	refusalKinds   = [...]string{"", ActorClient, ActorAPIToken, ActorMember, ActorOperator}
	refusalPrefix  = [...]string{"", PrefixClient, PrefixAPIToken, PrefixMember, ""}
)

// New seals a refusal into an error id.
func (e *ErrorIDs) New(r Refusal) string {
	raw := make([]byte, refusalBytes)
	raw[0], raw[1] = refusalVersion, byte(r.Cause)
	binary.BigEndian.PutUint64(raw[2:], uint64(r.At.UnixMicro()))
	for i, kind := range refusalKinds {
		if kind == r.Credential.Kind && IsID(r.Credential.ID, refusalPrefix[i]) {
			raw[10] = byte(i)
			putID(raw[11:27], r.Credential.ID)
		}
	}
	if IsID(r.OrganizationID, PrefixOrganization) {
		putID(raw[27:43], r.OrganizationID)
	}
	return errorIDPrefix + base64.RawURLEncoding.EncodeToString(e.box.Seal(raw, refusalContext))
}

var errNotAnErrorID = errors.New("not an error id of this installation")

// Open returns the refusal that an error id says, or an error if the id was
// not made by this installation.
func (e *ErrorIDs) Open(id string) (Refusal, error) {
	text, ok := strings.CutPrefix(id, errorIDPrefix)
	if !ok {
		return Refusal{}, errNotAnErrorID
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return Refusal{}, errNotAnErrorID
	}
	raw, err := e.box.Open(sealed, refusalContext)
	if err != nil || len(raw) != refusalBytes || raw[0] != refusalVersion || int(raw[10]) >= len(refusalKinds) {
		return Refusal{}, errNotAnErrorID
	}
	r := Refusal{
		Cause:          Cause(raw[1]),
		At:             time.UnixMicro(int64(binary.BigEndian.Uint64(raw[2:]))).UTC(),
		OrganizationID: getID(raw[27:43], PrefixOrganization),
	}
	if raw[10] != 0 {
		r.Credential = Principal{refusalKinds[raw[10]], getID(raw[11:27], refusalPrefix[raw[10]])}
	}
	return r, nil
}

func putID(dst []byte, id string) {
	// The form was checked by IsID.
	_, _ = idEncoding.Decode(dst, []byte(id[prefixChars:]))
}

func getID(raw []byte, prefix string) string {
	if [idBytes]byte(raw) == [idBytes]byte{} {
		return ""
	}
	return prefix + idEncoding.EncodeToString(raw)
}
