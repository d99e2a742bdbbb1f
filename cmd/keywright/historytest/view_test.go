package historytest

// numbers is how many secrets, access tokens and cut-offs of one credential are
// told apart.
const numbers = 64

// scopes are those of the API of the test, a bit each.
type scopes uint8

const (
	scopeRead scopes = 1 << iota
	scopeWrite
)

// view is what is in force of a credential from one of its changes to the next.
type view struct {
	change   int  // the one that led here; 0: the creation
	gone     bool // revoked or deleted
	disabled bool
	narrow   bool // the far address is off the list
	scopes   scopes
	secrets  uint64 // those that live, a bit each; of an API token, its value
	cutOffs  int    // how often all access tokens were cut off
	denied   uint64 // access tokens on the denylist, a bit each
}

func (v view) hasSecret(n int) bool { return v.secrets&(1<<n) != 0 }

// denies tells whether an access token is on the denylist; one below zero is
// none and never is.
func (v view) denies(token int) bool { return token >= 0 && v.denied&(1<<token) != 0 }
