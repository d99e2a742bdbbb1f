package admin

import (
	"context"
	"net/http"
	"strings"

	"keywright/internal/web"
	"keywright/registry"
)

// bearer authenticates a request by its bearer token (RFC 6750).
type bearer struct {
	authenticator    *registry.Authenticator
	parseAccessToken func(string) (registry.AccessToken, error)
}

// actor finds whom the token stands for.
func (b bearer) actor(ctx context.Context, token string) (registry.Actor, error) {
	if registry.LooksLikeAPIToken(token) {
		state, err := b.authenticator.APIToken(ctx, token, web.ClientAddress(ctx))
		if err != nil {
			return registry.Actor{}, err
		}
		t := &state.APIToken
		return registry.Actor{
			Principal:      registry.Principal{Kind: registry.ActorAPIToken, ID: t.ID},
			OrganizationID: t.OrganizationID, ProjectID: t.ProjectID, Scopes: t.Scopes,
		}, nil
	}
	parsed, err := b.parseAccessToken(token)
	if err != nil {
		return registry.Actor{}, err
	}
	client := registry.Principal{Kind: registry.ActorClient, ID: parsed.ClientID}
	if len(parsed.Audience) != 1 || parsed.Audience[0] != registry.AdminAudience {
		return registry.Actor{}, &registry.Refused{
			Cause: registry.CauseOtherAudience, OrganizationID: parsed.OrganizationID, Credential: client,
		}
	}
	current, state, err := b.authenticator.AccessToken(ctx, parsed, web.ClientAddress(ctx))
	if err != nil {
		return registry.Actor{}, err
	}
	return registry.Actor{
		Principal:      client,
		OrganizationID: current.OrganizationID, ProjectID: state.Client.ProjectID, Scopes: current.Scopes,
	}, nil
}

// bearerToken takes the token from the Authorization header, the one place
// where it may stand. A query is no such place, because queries are logged
// along the way (RFC 6750 §5.3).
func bearerToken(req *http.Request) (string, error) {
	if req.URL.Query().Has("access_token") {
		return "", registry.Malformed("access_token must not stand in the query: send the token in the Authorization header, and replace it, for it may have been logged")
	}
	lines := req.Header["Authorization"]
	if len(lines) > 1 {
		return "", registry.Malformed("the Authorization header must not be repeated")
	}
	if len(lines) == 0 {
		return "", &registry.Refused{Cause: registry.CauseNoCredential}
	}
	scheme, token, _ := strings.Cut(lines[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", &registry.Refused{Cause: registry.CauseNoCredential}
	}
	if token = strings.Trim(token, " "); !isToken68(token) {
		return "", registry.Malformed("the Authorization header must be the word Bearer and one token")
	}
	return token, nil
}

// isToken68 tells whether text has the syntax of a bearer token (RFC 6750 §2.1).
func isToken68(text string) bool {
	body := strings.TrimRight(text, "=")
	for _, c := range []byte(body) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case strings.IndexByte("-._~+/", c) >= 0:
		default:
			return false
		}
	}
	return body != ""
}
