package registry

import (
	"net/netip"
	"slices"
	"strings"
)

// ParseWhitelistEntry reads one entry of an IP whitelist: an address or a CIDR
// range, IPv4 or IPv6. It returns the masked prefix. Zones and IPv4-mapped
// IPv6 prefixes are refused: write the IPv4 form.
func ParseWhitelistEntry(text string) (netip.Prefix, string) {
	var p netip.Prefix
	if strings.Contains(text, "/") {
		parsed, err := netip.ParsePrefix(text)
		if err != nil {
			return p, "is not an address or a CIDR range"
		}
		p = parsed
	} else {
		a, err := netip.ParseAddr(text)
		if err != nil {
			return p, "is not an address or a CIDR range"
		}
		if a.Zone() != "" {
			return p, "must not have a zone"
		}
		p = netip.PrefixFrom(a, a.BitLen())
	}
	if p.Addr().Is4In6() {
		return netip.Prefix{}, "must be written as an IPv4 address"
	}
	return p.Masked(), ""
}

// addressAllowed tells whether the address is on the list. An empty list
// allows any. IPv4-mapped IPv6 addresses count as IPv4; zones do not count.
func addressAllowed(list []netip.Prefix, address netip.Addr) bool {
	if len(list) == 0 {
		return true
	}
	address = address.Unmap().WithZone("")
	return slices.ContainsFunc(list, func(p netip.Prefix) bool { return p.Contains(address) })
}
