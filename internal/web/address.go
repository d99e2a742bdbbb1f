package web

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Proxies are the reverse proxies whose X-Forwarded-For header is believed.
// The zero value believes none. The Forwarded header (RFC 7239) is never read.
type Proxies struct{ ranges []netip.Prefix }

// NewProxies returns the proxies in those ranges. A range of IPv4-mapped IPv6
// addresses is refused, because it would match nothing: addresses are unmapped
// before they are compared.
func NewProxies(ranges []netip.Prefix) (Proxies, error) {
	masked := make([]netip.Prefix, len(ranges))
	for i, p := range ranges {
		if !p.IsValid() || p.Addr().Is4In6() {
			return Proxies{}, fmt.Errorf("trusted proxy range %s: write an IPv4 or IPv6 range", p)
		}
		masked[i] = p.Masked()
	}
	return Proxies{masked}, nil
}

func (p Proxies) trusts(a netip.Addr) bool {
	return slices.ContainsFunc(p.ranges, func(r netip.Prefix) bool { return r.Contains(a) })
}

// clientAddress returns the address of the client and whether the peer of the
// connection is a trusted proxy. From a trusted proxy the rightmost hop that
// is not itself trusted counts: what stands left of it may be forged. Where
// the list is broken, the last proxy that can be told stands for the client.
func (p Proxies) clientAddress(req *http.Request) (client netip.Addr, proxied bool) {
	client, ok := parseHop(req.RemoteAddr)
	if !ok || !p.trusts(client) {
		return client, false
	}
	lines := req.Header["X-Forwarded-For"]
	for _, line := range slices.Backward(lines) {
		for line != "" {
			var hop string
			line, hop = cutLast(line)
			address, ok := parseHop(hop)
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

// parseHop reads an address with or without a port, as http.Request.RemoteAddr
// and X-Forwarded-For write it.
func parseHop(text string) (netip.Addr, bool) {
	if a, err := netip.ParseAddr(text); err == nil {
		return a.Unmap().WithZone(""), true
	}
	if a, err := netip.ParseAddrPort(text); err == nil {
		return a.Addr().Unmap().WithZone(""), true
	}
	return netip.Addr{}, false
}
