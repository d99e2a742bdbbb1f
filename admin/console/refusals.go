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
				Kind: kindName(refusal.Credential.Kind),
			}
			if data.Fix, err = v.fix(refusal); err != nil {
				return err
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
	registry.CauseDisabled:               "/danger",
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

// tokenPageFor is clientTabFor for an API token.
var tokenPageFor = map[registry.Cause]string{
	registry.CauseAddressOffList:         "/edit",
	registry.CauseInsufficientScope:      "/edit",
	registry.CauseInsufficientPermission: "/edit",
}

// fix leads to where the cause of a refusal can be put right; nil: nowhere here.
func (v *visit) fix(r registry.RefusalDetails) (*link, error) {
	if r.CredentialName == "" {
		return fixWithout(r.Cause), nil
	}
	path := recordPath(r.Credential.Kind, r.Credential.ID)
	switch r.Credential.Kind {
	case registry.ActorClient:
		if r.Cause == registry.CauseEndpointNotConnected {
			return v.fixConnection(r)
		}
		path += clientTabFor[r.Cause]
	case registry.ActorAPIToken:
		path += tokenPageFor[r.Cause]
	}
	return &link{"Open the " + kindName(r.Credential.Kind) + " " + r.CredentialName, path}, nil
}

// fixConnection leads to the application whose endpoints a client reaches.
func (v *visit) fixConnection(r registry.RefusalDetails) (*link, error) {
	c, err := v.Service.Client(v.ctx(), v.Actor, r.Credential.ID)
	if err != nil || c.ApplicationID == "" {
		return &link{"Open the client " + r.CredentialName, clientPath(r.Credential.ID)}, err
	}
	a, err := v.Service.Application(v.ctx(), v.Actor, c.ApplicationID)
	return &link{"Open the application " + a.Name, applicationsPath + "/" + c.ApplicationID}, err
}

// fixWithout leads to where to look when there is no credential to open.
func fixWithout(cause registry.Cause) *link {
	switch cause {
	case registry.CauseUnknownClient:
		return &link{"Look through the clients", clientsPath}
	case registry.CauseUnknownToken:
		return &link{"Look through the API tokens", tokensPath}
	case registry.CauseUnknownMember:
		return &link{"Look through the members", membersPath}
	}
	return nil
}
