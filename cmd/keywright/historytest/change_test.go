package historytest

// changeKind is what a change does to a credential.
type changeKind string

const (
	disable       changeKind = "disable"
	enable        changeKind = "enable"
	narrowScopes  changeKind = "narrow scopes"
	widenScopes   changeKind = "widen scopes"
	narrowAddress changeKind = "narrow addresses"
	widenAddress  changeKind = "widen addresses"
	regenerate    changeKind = "regenerate"
	addSecret     changeKind = "add secret"
	deleteSecret  changeKind = "delete secret"
	revokeToken   changeKind = "revoke token" // RFC 7009, by the client itself
	revoke        changeKind = "revoke"
	remove        changeKind = "delete"
)

// change is one change of a credential, numbered from 1.
type change struct {
	number int
	kind   changeKind
	secret int // the one that is new, or is deleted
	token  int // the access token that is revoked
}

// apply returns what is in force after the change.
func (c change) apply(v view) view {
	v.change = c.number
	switch c.kind {
	case disable:
		if !v.disabled {
			v.cutOffs++
		}
		v.disabled = true
	case enable:
		v.disabled = false
	case narrowScopes:
		v.scopes = scopeRead
	case widenScopes:
		v.scopes = scopeRead | scopeWrite
	case narrowAddress:
		v.narrow = true
	case widenAddress:
		v.narrow = false
	case regenerate:
		v.secrets = 1 << c.secret
	case addSecret:
		v.secrets |= 1 << c.secret
	case deleteSecret:
		v.secrets &^= 1 << c.secret
	case revokeToken:
		v.denied |= 1 << c.token
	case revoke, remove:
		v.gone = true
	}
	return v
}

// reversible are the changes after which a credential lives on: those of both
// kinds of credential, and those of a client.
var (
	reversible = []changeKind{
		disable, disable, enable, enable, narrowScopes, widenScopes, narrowAddress, widenAddress, regenerate,
	}
	reversibleOfClient = []changeKind{addSecret, deleteSecret}
	final              = []changeKind{revoke, remove}
)
