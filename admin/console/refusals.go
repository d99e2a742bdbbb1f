package console

import "keywright/registry"

const refusalsPath = root + "/refusals"

func refusalPages(r router) { r.get(refusalsPath, refusalShow) }

// refusalData is what an error id says.
type refusalData struct {
	Found   bool
	Unknown bool // an id was given that cannot be opened
	Refusal registry.RefusalDetails
	Meaning string
	Advice  string
	Kind    string // of the credential, as people call it
	Fix     *link  // the thing to put right; nil: none of ours
}

// link leads to a page.
type link struct{ Label, Path string }

// refusalShow answers "why was this refused?". The error id is sealed and no
// secret, so it may stand in the address.
func refusalShow(v *visit) error {
	l := v.listOf("errorId")
	var data refusalData
	if id := l.Text("errorId"); id != "" {
		refusal, err := v.Service.Refusal(v.ctx(), v.Actor, id)
		switch {
		case err == nil:
			data = refusalData{
				Found: true, Refusal: refusal, Meaning: sentence(refusal.Cause.Meaning()), Advice: sentence(refusal.Cause.Advice()),
				Kind: kindName(refusal.Credential.Kind), Fix: fix(refusal),
			}
		case registry.KindOf(err) == registry.KindNotFound:
			data.Unknown = true
		default:
			return err
		}
	}
	return v.show(view{Page: "refusals", Title: "Why was this refused?", List: l, Data: data})
}

// clientTabFor is where a client can be put right, if not on its first page.
var clientTabFor = map[registry.Cause]string{
	registry.CauseWrongSecret:            "/credentials",
	registry.CauseSecretExpired:          "/credentials",
	registry.CauseSecretRevoked:          "/credentials",
	registry.CauseExpired:                "/credentials",
	registry.CauseWrongMethod:            "/credentials",
	registry.CauseWrongKey:               "/credentials",
	registry.CauseKeyRemoved:             "/credentials",
	registry.CauseAddressOffList:         "/access",
	registry.CauseAddressUnknown:         "/access",
	registry.CauseAudienceGone:           "/access",
	registry.CauseNotResourceServer:      "/access",
	registry.CauseInvalidScope:           "/access",
	registry.CauseInvalidTarget:          "/access",
	registry.CauseInsufficientScope:      "/access",
	registry.CauseInsufficientPermission: "/access",
}

// fix leads to where the cause of a refusal can be put right.
func fix(r registry.RefusalDetails) *link {
	if r.CredentialName != "" {
		if path := recordPath(r.Credential.Kind, r.Credential.ID); path != "" {
			if r.Credential.Kind == registry.ActorClient {
				path += clientTabFor[r.Cause]
			}
			return &link{"Open the " + kindName(r.Credential.Kind) + " " + r.CredentialName, path}
		}
	}
	switch r.Cause {
	case registry.CauseUnknownClient:
		return &link{"Look through the clients", clientsPath}
	case registry.CauseUnknownToken:
		return &link{"Look through the API tokens", tokensPath}
	case registry.CauseUnknownMember:
		return &link{"Look through the members", membersPath}
	}
	return nil
}
