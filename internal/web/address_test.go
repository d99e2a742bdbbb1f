package web

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"keywright/internal/testaddr"
	"keywright/registry"
)

func proxies(tb testing.TB, ranges ...string) Proxies {
	tb.Helper()
	var parsed []netip.Prefix
	for _, r := range ranges {
		parsed = append(parsed, netip.MustParsePrefix(r))
	}
	p, err := NewProxies(parsed)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

func TestClientAddress(t *testing.T) {
	t.Parallel()
	trusted := []string{"10.0.0.0/8", "2001:db8::/32"}
	cases := []struct {
		name      string
		trusted   []string
		peer      string
		forwarded []string
		want      string
	}{
		{"no proxy is trusted by default", nil, "10.0.0.1:1234", []string{"192.0.2.7"}, "10.0.0.1"},
		{"a stranger is not believed", trusted, "192.0.2.1:1234", []string{"192.0.2.7"}, "192.0.2.1"},
		{"a proxy without header", trusted, "10.0.0.1:1234", nil, "10.0.0.1"},
		{"one hop", trusted, "10.0.0.1:1234", []string{"192.0.2.7"}, "192.0.2.7"},
		{"what stands left of the rightmost untrusted hop is forged", trusted, "10.0.0.1:1234", []string{"198.51.100.9, 192.0.2.7, 10.2.2.2"}, "192.0.2.7"},
		{"several lines are one list", trusted, "10.0.0.1:1234", []string{"198.51.100.9", "192.0.2.7,10.2.2.2", "10.3.3.3"}, "192.0.2.7"},
		{"all hops trusted: the first", trusted, "10.0.0.1:1234", []string{"10.4.4.4, 10.2.2.2"}, "10.4.4.4"},
		{"a proxy on IPv6", trusted, "[2001:db8::1]:443", []string{"2001:db9::7"}, "2001:db9::7"},
		{"a peer mapped into IPv6 is IPv4", trusted, "[::ffff:10.0.0.1]:443", []string{"192.0.2.7"}, "192.0.2.7"},
		{"a hop mapped into IPv6 is IPv4", trusted, "10.0.0.1:1234", []string{"192.0.2.7, ::ffff:10.2.2.2"}, "192.0.2.7"},
		{"a hop with port", trusted, "10.0.0.1:1234", []string{"192.0.2.7:999"}, "192.0.2.7"},
		{"a hop with port on IPv6", trusted, "10.0.0.1:1234", []string{"[2001:db9::7]:999"}, "2001:db9::7"},
		{"a zone is no part of the address", trusted, "10.0.0.1:1234", []string{"fe80::1%eth0"}, "fe80::1"},
		{"garbage ends the list at the last hop that is known", trusted, "10.0.0.1:1234", []string{"192.0.2.7, unknown, 10.2.2.2"}, "10.2.2.2"},
		{"an empty hop too", trusted, "10.0.0.1:1234", []string{"192.0.2.7, "}, "10.0.0.1"},
		{"octal is garbage", trusted, "10.0.0.1:1234", []string{"0300.0.2.7"}, "10.0.0.1"},
		{"a unix socket has no address", trusted, "@", []string{"192.0.2.7"}, "invalid IP"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			req := &http.Request{RemoteAddr: tc.peer, Header: http.Header{
				"X-Forwarded-For": tc.forwarded,
				"Forwarded":       {"for=203.0.113.5"},
				"X-Real-Ip":       {"203.0.113.5"},
			}}
			got, _ := proxies(t, tc.trusted...).clientAddress(req)
			if got.String() != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

// TestWrittenAddresses holds every written form against the two places where a
// request tells one.
func TestWrittenAddresses(t *testing.T) {
	t.Parallel()
	const proxy = "10.0.0.1"
	trusted := proxies(t, proxy+"/32")
	for _, f := range testaddr.All() {
		peer, _ := trusted.clientAddress(&http.Request{RemoteAddr: f.Text})
		if peer.IsValid() != (f.Hop != "") || peer.IsValid() && peer.String() != f.Hop {
			t.Errorf("the peer %q: got %v, want %q", f.Text, peer, f.Hop)
		}
		want := f.Hop
		switch {
		case slices.Contains(testaddr.Spaced, f.Text):
			want = "192.0.2.7" // RFC 9110 §5.6.1 allows space around the entries of a list
		case want == "":
			want = proxy
		}
		for _, list := range []string{f.Text, "198.51.100.9," + f.Text} {
			hop, _ := trusted.clientAddress(&http.Request{
				RemoteAddr: proxy + ":80", Header: http.Header{"X-Forwarded-For": {list}},
			})
			if hop.String() != want {
				t.Errorf("X-Forwarded-For %q: got %v, want %s", list, hop, want)
			}
		}
	}
}

// TestTrustedProxiesInEveryForm holds every range against every written form
// of the peer.
func TestTrustedProxiesInEveryForm(t *testing.T) {
	t.Parallel()
	for _, f := range testaddr.Forms {
		if f.Range == "" {
			continue
		}
		p := netip.MustParsePrefix(f.Range)
		for _, peer := range testaddr.Forms {
			_, proxied := proxies(t, f.Range).clientAddress(&http.Request{RemoteAddr: peer.Text})
			want := peer.Hop != "" && p.Contains(netip.MustParseAddr(peer.Hop))
			if proxied != want {
				t.Errorf("%q among the proxies %s: got %t, want %t", peer.Text, f.Range, proxied, want)
			}
		}
	}
}

func TestProxiesInMappedFormAreRefused(t *testing.T) {
	t.Parallel()
	for _, p := range []netip.Prefix{netip.MustParsePrefix("::ffff:10.0.0.0/104"), {}} {
		if _, err := NewProxies([]netip.Prefix{p}); err == nil {
			t.Errorf("%v: accepted, want an error", p)
		}
	}
}

func FuzzClientAddress(f *testing.F) {
	f.Add("10.0.0.1:80", "192.0.2.7, 10.0.0.2")
	f.Add("[::ffff:10.0.0.1]:80", "::ffff:192.0.2.7")
	f.Add("192.0.2.1:80", ",,,")
	for _, form := range testaddr.All() {
		f.Add(form.Text, form.Text)
		f.Add("10.0.0.1:80", form.Text+", 10.0.0.2")
	}
	trusted := proxies(f, "10.0.0.0/8")
	f.Fuzz(func(t *testing.T, peer, forwarded string) {
		req := &http.Request{RemoteAddr: peer, Header: http.Header{"X-Forwarded-For": strings.Split(forwarded, "\n")}}
		got, proxied := trusted.clientAddress(req)
		if got.Is4In6() || got.Zone() != "" {
			t.Errorf("got %s, want it unmapped and without zone", got)
		}
		direct, ok := registry.ParseHop(peer)
		if trustedPeer := ok && trusted.trusts(direct); trustedPeer != proxied {
			t.Errorf("proxied: got %t, want %t", proxied, trustedPeer)
		}
		if !proxied && got != direct {
			t.Errorf("got %s from a stranger's header, want the peer %s", got, direct)
		}
	})
}
