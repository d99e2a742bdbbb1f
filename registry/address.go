package registry

import (
	"net/netip"
	"slices"
	"strings"
)

// This file is the one place that reads and compares addresses. An address has
// one form here: an IPv4 address that is mapped into IPv6 is that IPv4 address,
// and a zone, which means something on one machine alone, is no part of it.

// ParseAddress reads an address without port: dotted decimal IPv4 without
// leading zeros, or IPv6 (RFC 4291 §2.2).
func ParseAddress(text string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Addr{}, false
	}
	return canonical(a), true
}

// ParseHop reads an address with or without a port, as http.Request.RemoteAddr
// and X-Forwarded-For write it. IPv6 with a port stands in brackets; without
// one it stands alone.
func ParseHop(text string) (netip.Addr, bool) {
	if a, ok := ParseAddress(text); ok {
		return a, true
	}
	a, err := netip.ParseAddrPort(text)
	if err != nil {
		return netip.Addr{}, false
	}
	return canonical(a.Addr()), true
}

// ParseRange reads an entry of an IP whitelist or of the trusted proxies: an
// address or a CIDR range (RFC 4632 §3.1, RFC 4291 §2.3), whose host bits it
// clears. It returns the rule that was broken, or nothing. A zone is refused,
// and so is IPv4 mapped into IPv6: a range of it would match nothing.
func ParseRange(text string) (p netip.Prefix, broken string) {
	var err error
	if strings.Contains(text, "/") {
		p, err = netip.ParsePrefix(text)
	} else {
		var a netip.Addr
		a, err = netip.ParseAddr(text)
		p = netip.PrefixFrom(a.WithZone(""), a.BitLen())
		if a.Zone() != "" {
			return netip.Prefix{}, "must not have a zone"
		}
	}
	switch {
	case err != nil:
		return netip.Prefix{}, "is not an address or a CIDR range"
	case p.Addr().Is4In6():
		return netip.Prefix{}, "must be written as an IPv4 address"
	}
	return p.Masked(), ""
}

// InRanges tells whether one of the ranges holds the address, whatever its
// form. None holds an address that is not valid.
func InRanges(ranges []netip.Prefix, address netip.Addr) bool {
	address = canonical(address)
	return slices.ContainsFunc(ranges, func(p netip.Prefix) bool { return p.Contains(address) })
}

func canonical(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

// addressCause tells why a whitelist refuses an address, or CauseNone. An empty
// list allows any; another one none that is not valid, and so not known.
func addressCause(whitelist []netip.Prefix, address netip.Addr) Cause {
	switch {
	case len(whitelist) == 0 || InRanges(whitelist, address):
		return CauseNone
	case !address.IsValid():
		return CauseAddressUnknown
	}
	return CauseAddressOffList
}
