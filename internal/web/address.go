package web

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"keywright/registry"
)

// Proxies are the reverse proxies whose X-Forwarded-For header is believed.
// The zero value believes none. The Forwarded header (RFC 7239) is never read.
type Proxies struct{ ranges []netip.Prefix }

// NewProxies returns the proxies in those ranges, and refuses what
// registry.ParseRange refuses: such a range would match nothing.
func NewProxies(ranges []netip.Prefix) (Proxies, error) {
	masked := make([]netip.Prefix, len(ranges))
	for i, p := range ranges {
		r, broken := registry.ParseRange(p.String())
		if broken != "" {
			return Proxies{}, fmt.Errorf("trusted proxy range %s %s", p, broken)
		}
		masked[i] = r
	}
	return Proxies{masked}, nil
}

func (p Proxies) trusts(a netip.Addr) bool { return registry.InRanges(p.ranges, a) }

// clientAddress returns the address of the client and whether the peer of the
// connection is a trusted proxy. From a trusted proxy the rightmost hop that
// is not itself trusted counts: what stands left of it may be forged. Where
// the list is broken, the last proxy that can be told stands for the client.
func (p Proxies) clientAddress(req *http.Request) (client netip.Addr, proxied bool) {
	client, ok := registry.ParseHop(req.RemoteAddr)
	if !ok || !p.trusts(client) {
		return client, false
	}
	lines := req.Header["X-Forwarded-For"]
	for _, line := range slices.Backward(lines) {
		for line != "" {
			var hop string
			line, hop = cutLast(line)
			address, ok := registry.ParseHop(hop)
			if !ok {
				return client, true
			}
			client = address
			if !p.trusts(client) {
				return client, true
			}
		}
	}
	return client, true
}

func cutLast(list string) (before, last string) {
	if i := strings.LastIndexByte(list, ','); i >= 0 {
		return list[:i], strings.Trim(list[i+1:], " \t")
	}
	return "", strings.Trim(list, " \t")
}
