package oauth

import (
	"context"
	"net/http"
	"net/url"
	"sync/atomic"

	"github.com/ory/fosite"
)

// Fosite stands between the endpoints of a server and fosite: it counts what
// passes, and answers with Fail instead once that is set.
type Fosite struct {
	provider
	Authentications, AccessRequests, AccessResponses, Introspections, Revocations atomic.Int64
	Fail                                                                          error
}

// WatchFosite puts a Fosite into a server that does not serve yet.
func WatchFosite(s *Server) *Fosite {
	f := &Fosite{provider: s.provider}
	s.provider = f
	return f
}

func (f *Fosite) AuthenticateClient(ctx context.Context, req *http.Request, form url.Values) (fosite.Client, error) {
	f.Authentications.Add(1)
	return f.provider.AuthenticateClient(ctx, req, form)
}

func (f *Fosite) NewAccessRequest(ctx context.Context, req *http.Request, session fosite.Session) (fosite.AccessRequester, error) {
	f.AccessRequests.Add(1)
	return f.provider.NewAccessRequest(ctx, req, session)
}

func (f *Fosite) NewAccessResponse(ctx context.Context, request fosite.AccessRequester) (fosite.AccessResponder, error) {
	f.AccessResponses.Add(1)
	if f.Fail != nil {
		return nil, f.Fail
	}
	return f.provider.NewAccessResponse(ctx, request)
}

func (f *Fosite) IntrospectToken(ctx context.Context, token string, use fosite.TokenUse, session fosite.Session, scopes ...string) (fosite.TokenUse, fosite.AccessRequester, error) {
	f.Introspections.Add(1)
	if f.Fail != nil {
		return "", nil, f.Fail
	}
	return f.provider.IntrospectToken(ctx, token, use, session, scopes...)
}

func (f *Fosite) NewRevocationRequest(ctx context.Context, req *http.Request) error {
	f.Revocations.Add(1)
	if f.Fail != nil {
		return f.Fail
	}
	return f.provider.NewRevocationRequest(ctx, req)
}
