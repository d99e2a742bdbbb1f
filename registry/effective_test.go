package registry

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const testIssuer = "https://issuer.example"

// sampleState is a client whose organization has two APIs that share one scope.
func sampleState() ClientState {
	docs := API{ID: "api_docs", Identifier: "https://docs.example", Scopes: []string{"docs:read", "docs:write", "shared"}}
	mail := API{ID: "api_mail", Identifier: "https://mail.example", Scopes: []string{"mail:send", "shared"}}
	return ClientState{
		Client: Client{ID: "kwc_x", OrganizationID: "org_a", IsActive: true},
		APIs:   []API{docs, mail},
		Rev:    10,
	}
}

func TestEffectiveScopes(t *testing.T) {
	t.Parallel()
	endpoints := []Endpoint{{Scope: "docs:read"}, {Scope: ""}, {Scope: "docs:read"}}
	roles := []Role{{Name: "sender", Scopes: []string{"mail:send"}, Permissions: []string{"write"}}}
	for _, c := range []struct {
		name      string
		own       []string
		roles     []Role
		endpoints []Endpoint
		want      []string
	}{
		{"nothing", nil, nil, nil, nil},
		{"own", []string{"b", "a"}, nil, nil, []string{"a", "b"}},
		{"endpoints where none are listed", nil, nil, endpoints, []string{"docs:read"}},
		{"own instead of endpoints", []string{"a"}, nil, endpoints, []string{"a"}},
		{"roles beside endpoints", nil, roles, endpoints, []string{"docs:read", "mail:send"}},
		{"roles beside own", []string{"a"}, roles, endpoints, []string{"a", "mail:send"}},
	} {
		s := NewClientState(ClientState{Client: Client{Scopes: c.own}, Roles: c.roles, Endpoints: c.endpoints})
		if diff := cmp.Diff(c.want, s.EffectiveScopes()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestGrant(t *testing.T) {
	t.Parallel()
	docs, mail := "https://docs.example", "https://mail.example"
	all := []string{"docs:read", "free", "keywright:read", "mail:send", "shared"}
	for _, c := range []struct {
		name      string
		scopes    []string // the client's own
		audiences []string
		strict    bool
		endpoints []Endpoint
		req       GrantRequest
		audience  []string
		granted   []string
		code      string
	}{
		{name: "one API, nothing asked", scopes: []string{"docs:read", "free"}, audience: []string{docs}, granted: []string{"docs:read", "free"}},
		{name: "strict API leaves free scopes out", scopes: []string{"docs:read", "free"}, strict: true, audience: []string{docs}, granted: []string{"docs:read"}},
		{name: "no API", scopes: []string{"free"}, audience: []string{testIssuer}, granted: []string{"free"}},
		{name: "several APIs", scopes: all, code: CodeInvalidTarget},
		{name: "several APIs, one asked", scopes: all, req: GrantRequest{Resources: []string{mail}}, audience: []string{mail}, granted: []string{"free", "mail:send", "shared"}},
		{name: "several APIs, both asked", scopes: all, req: GrantRequest{Resources: []string{mail, docs, mail}}, audience: []string{docs, mail}, granted: []string{"docs:read", "free", "mail:send", "shared"}},
		{name: "scope decides the API", scopes: all, req: GrantRequest{Scopes: []string{"mail:send"}}, audience: []string{mail}, granted: []string{"mail:send"}},
		{name: "scope of two APIs", scopes: all, req: GrantRequest{Scopes: []string{"shared"}}, code: CodeInvalidTarget},
		{name: "scopes that only one API has together", scopes: all, req: GrantRequest{Scopes: []string{"shared", "mail:send"}}, audience: []string{mail}, granted: []string{"mail:send", "shared"}},
		{name: "scope of the other API", scopes: all, req: GrantRequest{Resources: []string{mail}, Scopes: []string{"docs:read"}}, code: CodeInvalidScope},
		{name: "scope not held", scopes: []string{"docs:read"}, req: GrantRequest{Scopes: []string{"docs:write"}}, code: CodeInvalidScope},
		{name: "unknown API", scopes: all, req: GrantRequest{Resources: []string{"https://nowhere.example"}}, code: CodeInvalidTarget},
		{name: "API out of reach", scopes: []string{"docs:read"}, req: GrantRequest{Resources: []string{mail}}, code: CodeInvalidTarget},
		{name: "the issuer is no API", scopes: []string{"free"}, req: GrantRequest{Resources: []string{testIssuer}}, code: CodeInvalidTarget},
		{name: "listed audience is reachable without its scopes", scopes: []string{"free"}, audiences: []string{mail}, req: GrantRequest{Resources: []string{mail}}, audience: []string{mail}, granted: []string{"free"}},
		{name: "listed audiences are the only ones", scopes: all, audiences: []string{mail}, req: GrantRequest{Resources: []string{docs}}, code: CodeInvalidTarget},
		{name: "connected endpoint reaches its API", endpoints: []Endpoint{{APIID: "api_docs"}}, req: GrantRequest{Resources: []string{docs}}, audience: []string{docs}},
		{name: "admin scope asked for, alone", scopes: all, req: GrantRequest{Resources: []string{AdminAudience}, Scopes: []string{"keywright:read"}}, audience: []string{AdminAudience}, granted: []string{"keywright:read"}},
		{name: "admin scope unasked", scopes: all, req: GrantRequest{Resources: []string{AdminAudience}}, code: CodeInvalidScope},
		{name: "admin audience with another", scopes: all, req: GrantRequest{Resources: []string{AdminAudience, docs}, Scopes: []string{"keywright:read"}}, code: CodeInvalidTarget},
		{name: "admin scope without its audience", scopes: all, req: GrantRequest{Scopes: []string{"keywright:read"}}, code: CodeInvalidScope},
		{name: "admin scope not held", scopes: []string{"free"}, req: GrantRequest{Resources: []string{AdminAudience}, Scopes: []string{"keywright:write"}}, code: CodeInvalidScope},
		{name: "other scope at the admin audience", scopes: all, req: GrantRequest{Resources: []string{AdminAudience}, Scopes: []string{"free"}}, code: CodeInvalidScope},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := sampleState()
			s.Client.Scopes, s.Client.Audiences, s.Endpoints = c.scopes, c.audiences, c.endpoints
			s.APIs[0].StrictScopes = c.strict
			got, err := NewClientState(s).Grant(c.req, testIssuer)
			if c.code != "" {
				if err == nil || asError(err).Code != c.code {
					t.Fatalf("got %v, %v, want code %s", got, err, c.code)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got.Audience, c.audience) || !slices.Equal(got.Scopes, c.granted) {
				t.Errorf("got audience %v scopes %v, want %v %v", got.Audience, got.Scopes, c.audience, c.granted)
			}
		})
	}
}

func TestTokenTTL(t *testing.T) {
	t.Parallel()
	now := time.Date(2031, 5, 6, 7, 8, 9, 0, time.UTC)
	for _, c := range []struct {
		name  string
		own   time.Duration
		limit time.Duration
		left  time.Duration
		want  time.Duration
	}{
		{"default", 0, 0, 0, DefaultTokenTTL},
		{"own", time.Hour, 0, 0, time.Hour},
		{"organization's limit", time.Hour, 5 * time.Minute, 0, 5 * time.Minute},
		{"client's expiry", time.Hour, 0, 30 * time.Second, 30 * time.Second},
	} {
		s := ClientState{Client: Client{TokenTTL: c.own}, Organization: Organization{MaxTokenTTL: c.limit}}
		if c.left > 0 {
			s.Client.ExpiresAt = now.Add(c.left)
		}
		if got := s.TokenTTL(now); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

func TestCurrent(t *testing.T) {
	t.Parallel()
	now := time.Date(2031, 5, 6, 7, 8, 9, 0, time.UTC)
	docs := "https://docs.example"
	token := AccessToken{
		JTI: "j", Issuer: testIssuer, ClientID: "kwc_x", SecretID: "sec_1", OrganizationID: "org_a",
		Audience: []string{docs}, Scopes: []string{"docs:read", "docs:write"}, ExpiresAt: now.Add(time.Minute), Rev: 10,
	}
	for _, c := range []struct {
		name   string
		change func(*ClientState, *AccessToken)
		at     time.Duration
		addr   string
		want   Cause
	}{
		{name: "good", change: func(*ClientState, *AccessToken) {}},
		{name: "expired", at: time.Minute, want: CauseTokenExpired},
		{name: "other organization", change: func(s *ClientState, _ *AccessToken) { s.Client.OrganizationID = "org_b" }, want: CauseOtherOrganization},
		{name: "revoked", change: func(s *ClientState, _ *AccessToken) { s.Client.RevokedAt = now }, want: CauseRevoked},
		{name: "disabled", change: func(s *ClientState, _ *AccessToken) { s.Client.IsActive = false }, want: CauseDisabled},
		{name: "client expired", change: func(s *ClientState, _ *AccessToken) { s.Client.ExpiresAt = now }, want: CauseExpired},
		{name: "cut off with its client", change: func(s *ClientState, _ *AccessToken) { s.Client.CutOff = 11 }, want: CauseTokenCutOff},
		{name: "read at the cut-off", change: func(s *ClientState, _ *AccessToken) { s.Client.CutOff = 10 }},
		{name: "cut off with its secret", change: func(s *ClientState, _ *AccessToken) { s.Secrets[0].CutOff = 11 }, want: CauseTokenCutOff},
		{name: "cut off with its application", change: func(s *ClientState, _ *AccessToken) { s.ApplicationCutOff = 11 }, want: CauseTokenCutOff},
		{name: "cut off with its project", change: func(s *ClientState, _ *AccessToken) { s.ProjectCutOff = 11 }, want: CauseTokenCutOff},
		{name: "cut off with its organization", change: func(s *ClientState, _ *AccessToken) { s.Organization.CutOff = 11 }, want: CauseTokenCutOff},
		{name: "secret deleted", change: func(s *ClientState, _ *AccessToken) { s.Secrets = nil }, want: CauseSecretRevoked},
		{name: "secret's overlap over", change: func(s *ClientState, _ *AccessToken) { s.Secrets[0].ExpiresAt = now }},
		{name: "API deleted", change: func(s *ClientState, _ *AccessToken) { s.APIs = s.APIs[1:] }, want: CauseAudienceGone},
		{name: "audience taken away", change: func(s *ClientState, _ *AccessToken) { s.Client.Audiences = []string{"https://mail.example"} }, want: CauseAudienceGone},
		{name: "address not told", change: func(s *ClientState, _ *AccessToken) { s.Client.IPWhitelist = prefixes("10.0.0.0/8") }},
		{name: "address on the list", addr: "::ffff:10.1.2.3", change: func(s *ClientState, _ *AccessToken) { s.Client.IPWhitelist = prefixes("10.0.0.0/8") }},
		{name: "address off the list", addr: "11.1.2.3", change: func(s *ClientState, _ *AccessToken) { s.Client.IPWhitelist = prefixes("10.0.0.0/8") }, want: CauseAddressOffList},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, tok := sampleState(), token
			s.Client.Scopes = []string{"docs:read"}
			s.Secrets = []Secret{{ID: "sec_1"}}
			if c.change != nil {
				c.change(&s, &tok)
			}
			var addr netip.Addr
			if c.addr != "" {
				addr = netip.MustParseAddr(c.addr)
			}
			got, cause := NewClientState(s).Current(tok, now.Add(c.at), addr)
			if cause != c.want {
				t.Fatalf("got cause %v, want %v", cause, c.want)
			}
			if cause == CauseNone && !slices.Equal(got.Scopes, []string{"docs:read"}) {
				t.Errorf("got scopes %v, want those the client may have now", got.Scopes)
			}
		})
	}
}

func prefixes(texts ...string) []netip.Prefix {
	var v invalid
	return v.whitelist("f", texts)
}

func TestAudiencesOfAPITokens(t *testing.T) {
	t.Parallel()
	apis := []API{
		{Identifier: "https://mail.example", Scopes: []string{"mail:read", "shared"}},
		{Identifier: "https://docs.example", Scopes: []string{"docs:read", "docs:write", "shared"}, StrictScopes: true},
		{Identifier: "https://empty.example"},
	}
	const issuer = "https://id.example"
	for _, c := range []struct {
		scopes, want string
		apis         []API
	}{
		{"docs:read", "https://docs.example", apis},
		{"docs:read docs:write", "https://docs.example", apis},
		{"free docs:read", "https://docs.example", apis},
		{"mail:read docs:read", "https://docs.example https://mail.example", apis},
		{"shared", "https://docs.example https://mail.example", apis},
		{"free", issuer, apis},
		{"DOCS:READ docs:rea docs:read2", issuer, apis},
		{"keywright:read keywright:write", issuer, apis},
		{"", issuer, apis},
		{"docs:read", issuer, nil},
		{"docs:read", issuer, apis[2:]},
	} {
		s := APITokenState{APIToken: APIToken{Scopes: strings.Fields(c.scopes)}, APIs: c.apis}
		before := slices.Clone(c.apis)
		if got := strings.Join(s.Audiences(issuer), " "); got != c.want {
			t.Errorf("%q with %d APIs: got %q, want %q", c.scopes, len(c.apis), got, c.want)
		}
		if !slices.EqualFunc(before, c.apis, func(a, b API) bool { return a.Identifier == b.Identifier }) {
			t.Errorf("%q: the state was changed", c.scopes)
		}
	}
}

func FuzzScopeToken(f *testing.F) {
	for _, seed := range []string{"documents:read", "a b", "\"", "\\", "é", "\x00", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		want := s != "" && !strings.ContainsFunc(s, func(r rune) bool {
			return r < 0x21 || r > 0x7e || r == '"' || r == '\\'
		})
		if got := isScopeToken(s); got != want {
			t.Errorf("isScopeToken(%q) = %v, want %v", s, got, want)
		}
	})
}
