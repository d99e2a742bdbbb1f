package historytest

// questionKind is how a credential is used.
type questionKind string

const (
	authenticate questionKind = "authenticate" // as a client, for something else
	issue        questionKind = "issue"
	introspect   questionKind = "introspect"
	verify       questionKind = "verify"
)

// question asks whether a credential is good.
type question struct {
	kind   questionKind
	secret int  // by which secret, or which value of an API token
	token  int  // which access token; none if below zero
	far    bool // from the address that may be off the list
}

// reply is a definite answer.
type reply struct {
	yes    bool
	scopes scopes
	token  int // the number of the one that was issued; below zero: none, or it is not kept
}

// use is one use of a credential that was answered.
type use struct {
	number int // in the history
	question
	reply reply
}
