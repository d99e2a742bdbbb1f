// Package testaddr is the truth about written addresses: one table that the
// tests of every check of an address run through, so that no two of them read
// one text differently. It knows nothing of those checks.
package testaddr

import "slices"

// Form is one way to write an address, or something that looks like one. Each
// field says how it reads at one kind of place; empty: it is refused there.
type Form struct {
	Text    string
	Address string // where an address stands alone, such as client_ip
	Hop     string // where a port may follow: a connection's peer, X-Forwarded-For
	Range   string // on a list: an IP whitelist, the trusted proxies
}

// Forms is the table.
var Forms = []Form{
	// IPv4
	{"192.0.2.7", "192.0.2.7", "192.0.2.7", "192.0.2.7/32"},
	{"0.0.0.0", "0.0.0.0", "0.0.0.0", "0.0.0.0/32"},
	{"255.255.255.255", "255.255.255.255", "255.255.255.255", "255.255.255.255/32"},
	{Text: "192.0.2.256"},
	{Text: "192.0.2"},     // 192.0.0.2 to inet_aton
	{Text: "192.0.2.7.9"}, // one octet too many
	{Text: "192.0.2.7."},
	{Text: ".192.0.2.7"},
	{Text: "192.0..7"},
	{Text: "192.0.2.-7"},
	{Text: "192.0.2.+7"},
	{Text: "192.0.2.7e0"},
	// leading zeros, octal, hexadecimal and integers: what other parsers take for another address
	{Text: "192.0.02.7"},
	{Text: "192.000.002.007"},
	{Text: "0300.0.2.7"},
	{Text: "0xc0.0.2.7"},
	{Text: "0xC0000207"},
	{Text: "c0000207"},
	{Text: "3221225991"},
	{Text: "0"},
	{Text: "127.1"},

	// IPv6
	{"2001:db8::7", "2001:db8::7", "2001:db8::7", "2001:db8::7/128"},
	{"2001:DB8::A", "2001:db8::a", "2001:db8::a", "2001:db8::a/128"},
	{"2001:0db8:0000:0000:0000:0000:0000:0007", "2001:db8::7", "2001:db8::7", "2001:db8::7/128"},
	{"2001:db8:0:0::0:7", "2001:db8::7", "2001:db8::7", "2001:db8::7/128"},
	{"::", "::", "::", "::/128"},
	{"::1", "::1", "::1", "::1/128"},
	{Text: ":::"},
	{Text: "2001:db8::1::7"},
	{Text: "2001:db8:0:0:0:0:0:0:7"},
	{Text: "2001:db8:0:0:0:0:7"},
	{Text: "2001:db8::00007"},
	{Text: "2001:db8::g"},

	// IPv4 within IPv6: mapped is IPv4 itself, and no entry of a list; the rest is IPv6
	{"::ffff:192.0.2.7", "192.0.2.7", "192.0.2.7", ""},
	{"::FFFF:192.0.2.7", "192.0.2.7", "192.0.2.7", ""},
	{"::ffff:c000:207", "192.0.2.7", "192.0.2.7", ""},
	{"0:0:0:0:0:ffff:c000:0207", "192.0.2.7", "192.0.2.7", ""},
	{"::192.0.2.7", "::c000:207", "::c000:207", "::c000:207/128"},
	{"64:ff9b::192.0.2.7", "64:ff9b::c000:207", "64:ff9b::c000:207", "64:ff9b::c000:207/128"},
	{"2002:c000:207::", "2002:c000:207::", "2002:c000:207::", "2002:c000:207::/128"},
	{Text: "::ffff:192.0.2.07"},
	{Text: "::ffff:192.0.2"},

	// zones
	{"fe80::7%eth0", "fe80::7", "fe80::7", ""},
	{"fe80::7%1", "fe80::7", "fe80::7", ""},
	{"2001:db8::7%eth0", "2001:db8::7", "2001:db8::7", ""},
	{Text: "fe80::7%"},
	{Text: "192.0.2.7%eth0"},
	{"::ffff:192.0.2.7%eth0", "192.0.2.7", "192.0.2.7", ""},
	{"fe80::7%eth0/64", "fe80::7", "fe80::7", ""}, // all of eth0/64 is the zone

	// ports and brackets
	{"192.0.2.7:443", "", "192.0.2.7", ""},
	{"192.0.2.7:0", "", "192.0.2.7", ""},
	{"[2001:db8::7]:443", "", "2001:db8::7", ""},
	{"[::ffff:192.0.2.7]:443", "", "192.0.2.7", ""},
	{"[fe80::7%eth0]:443", "", "fe80::7", ""},
	{"2001:db8::7:443", "2001:db8::7:443", "2001:db8::7:443", "2001:db8::7:443/128"}, // no port: 443 is part of it
	{Text: "[2001:db8::7]"},
	{Text: "[192.0.2.7]:443"},
	{Text: "[192.0.2.7]"},
	{Text: "[2001:db8::7]443"},
	{Text: "[2001:db8::7]:"},
	{Text: "[2001:db8::7"},
	{Text: "192.0.2.7:"},
	{Text: "192.0.2.7:65536"},
	{Text: "192.0.2.7:-1"},
	{Text: "192.0.2.7:http"},
	{Text: ":443"},

	// ranges
	{"10.0.0.0/8", "", "", "10.0.0.0/8"},
	{"10.1.2.3/8", "", "", "10.0.0.0/8"}, // host bits do not count
	{"10.1.2.3/32", "", "", "10.1.2.3/32"},
	{"0.0.0.0/0", "", "", "0.0.0.0/0"},
	{"2001:db8::/32", "", "", "2001:db8::/32"},
	{"2001:DB8:7::9/32", "", "", "2001:db8::/32"},
	{"::/0", "", "", "::/0"},
	{"::fffe:0:0/95", "", "", "::fffe:0:0/95"}, // wide enough for the mapped, which are IPv4 and not on it
	{Text: "::ffff:10.0.0.0/104"},
	{Text: "::ffff:10.0.0.0/8"},
	{Text: "::ffff:0:0/96"},
	{Text: "10.0.0.0/33"},
	{Text: "2001:db8::/129"},
	{Text: "10.0.0.0/08"},
	{Text: "10.0.0.0/+8"},
	{Text: "10.0.0.0/-8"},
	{Text: "10.0.0.0/"},
	{Text: "/8"},
	{Text: "10/8"},
	{Text: "10.0.0.0/255.0.0.0"},
	{Text: "10.0.0.0/8/8"},
	{Text: "10.0.0.0/ 8"},
	{Text: "010.0.0.0/8"},
	{Text: "10.0.0.0-10.0.0.9"},
	{Text: "10.0.0.*"},

	// everything else
	{Text: "@"}, // the peer at a unix socket
	{Text: "unknown"},
	{Text: "_hidden"},
	{Text: "localhost"},
	{Text: "example.com"},
	{Text: "for=192.0.2.7"},
	{Text: `"192.0.2.7"`},
	{Text: "192.0.2.7;192.0.2.8"},
	{Text: "192.0.2.7 192.0.2.8"},
	{Text: "١٩٢.٠.٢.٧"},
	{Text: "１９２.0.2.7"},
	{Text: "192。0。2。7"},
}

// Spaced is 192.0.2.7 with space around it. Lists whose grammar allows that
// take it away before they read the entry.
var Spaced = []string{" 192.0.2.7", "192.0.2.7 ", "\t192.0.2.7", "192.0.2.7\t"}

// broken is what no place reads.
var broken = []string{
	"", " ", "192.0.2.7\n", "192.0.2.7\r\n", "192.0.2.7\x00", "\ufeff192.0.2.7", "192.0.2.7\u00a0", "192.0. 2.7", "\xff",
}

// All is Forms, and as further forms what is refused everywhere once it stands
// alone.
func All() []Form {
	all := slices.Clone(Forms)
	for _, text := range slices.Concat(Spaced, broken) {
		all = append(all, Form{Text: text})
	}
	return all
}
