package registry

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"keywright/internal/testaddr"
)

func TestWrittenAddresses(t *testing.T) {
	t.Parallel()
	for _, f := range testaddr.All() {
		address, ok := ParseAddress(f.Text)
		if ok != (f.Address != "") || ok && address.String() != f.Address {
			t.Errorf("ParseAddress(%q): got %v %v, want %q", f.Text, address, ok, f.Address)
		}
		hop, ok := ParseHop(f.Text)
		if ok != (f.Hop != "") || ok && hop.String() != f.Hop {
			t.Errorf("ParseHop(%q): got %v %v, want %q", f.Text, hop, ok, f.Hop)
		}
		p, broken := ParseRange(f.Text)
		if (broken == "") != (f.Range != "") || f.Range != "" && p.String() != f.Range {
			t.Errorf("ParseRange(%q): got %v %q, want %q", f.Text, p, broken, f.Range)
		}
		if broken != "" && p.IsValid() {
			t.Errorf("ParseRange(%q): got %v with %q, want none", f.Text, p, broken)
		}
	}
}

// TestWhitelistOfOneAddress holds every written form against every entry that
// is one address.
func TestWhitelistOfOneAddress(t *testing.T) {
	t.Parallel()
	for _, entry := range testaddr.All() {
		list := whitelistInput(entry.Text)
		if len(list) == 0 || !list[0].IsSingleIP() {
			continue
		}
		for _, from := range testaddr.All() {
			if from.Address == "" {
				continue
			}
			address := netip.MustParseAddr(from.Text) // as it is, not in the one form
			want := CauseAddressOffList
			if from.Address == list[0].Addr().String() {
				want = CauseNone
			}
			if got := addressCause(list, address); got != want {
				t.Errorf("%s on a list of %q: got %v, want %v", from.Text, entry.Text, got, want)
			}
		}
	}
}

func TestWhitelistOfRanges(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		list, address string
		want          Cause
	}{
		{"", "192.0.2.7", CauseNone},
		{"", "", CauseNone},
		{"10.0.0.0/8", "", CauseAddressUnknown},
		{"0.0.0.0/0 ::/0", "", CauseAddressUnknown},
		{"10.1.2.3/8", "10.255.255.255", CauseNone},
		{"10.0.0.0/8", "::ffff:10.1.2.3", CauseNone},
		{"10.0.0.0/8", "11.0.0.0", CauseAddressOffList},
		{"10.0.0.0/8", "9.255.255.255", CauseAddressOffList},
		{"10.0.0.0/8", "::10.1.2.3", CauseAddressOffList},
		{"0.0.0.0/0", "2001:db8::7", CauseAddressOffList},
		{"0.0.0.0/0", "::ffff:192.0.2.7", CauseNone},
		{"::/0", "192.0.2.7", CauseAddressOffList},
		{"::/0", "::ffff:192.0.2.7", CauseAddressOffList},
		{"::fffe:0:0/95", "::ffff:192.0.2.7", CauseAddressOffList},
		{"fe80::/10", "fe80::7%eth0", CauseNone},
		{"2001:db8::/32", "2001:db8:ffff::", CauseNone},
		{"2001:db8::/32", "2001:db9::", CauseAddressOffList},
		{"10.0.0.0/8 2001:db8::/32 192.0.2.7", "192.0.2.7", CauseNone},
		{"10.0.0.0/8 2001:db8::/32 192.0.2.7", "192.0.2.8", CauseAddressOffList},
	} {
		var address netip.Addr
		if c.address != "" {
			address = netip.MustParseAddr(c.address)
		}
		if got := addressCause(whitelistInput(strings.Fields(c.list)...), address); got != c.want {
			t.Errorf("%q on a list of %q: got %v, want %v", c.address, c.list, got, c.want)
		}
	}
}

// whitelistInput reads a whitelist as clients and API tokens take it; what is
// refused is not on it.
func whitelistInput(texts ...string) []netip.Prefix {
	var v invalid
	return v.whitelist("ipWhitelist", texts)
}

func FuzzParseAddress(f *testing.F) {
	for _, form := range testaddr.All() {
		f.Add(form.Text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, ok := ParseAddress(text)
		if !ok {
			if a.IsValid() {
				t.Errorf("%q is refused, and reads as %v", text, a)
			}
			return
		}
		if again, ok := ParseAddress(a.String()); !ok || again != a {
			t.Errorf("%q reads as %v, which reads as %v %v", text, a, again, ok)
		}
		if a.Is4In6() || a.Zone() != "" {
			t.Errorf("%q reads as %v", text, a)
		}
		if hop, ok := ParseHop(text); !ok || hop != a {
			t.Errorf("%q is %v alone, and %v %v as a hop", text, a, hop, ok)
		}
		if hop, ok := ParseHop(netip.AddrPortFrom(a, 443).String()); !ok || hop != a {
			t.Errorf("%v with a port is %v %v", a, hop, ok)
		}
		mapped := netip.AddrFrom16(a.As16())
		if again, ok := ParseAddress(mapped.String()); !ok || again != a {
			t.Errorf("%v mapped into IPv6 reads as %v %v", a, again, ok)
		}
	})
}

func FuzzWhitelist(f *testing.F) {
	for i, form := range testaddr.All() {
		f.Add(form.Text, testaddr.Forms[i%len(testaddr.Forms)].Text)
	}
	f.Add("10.0.0.0/8", "10.1.2.3")
	f.Fuzz(func(t *testing.T, entry, from string) {
		p, broken := ParseRange(entry)
		if broken != "" {
			if p.IsValid() || slices.Contains(whitelistInput(entry), p) {
				t.Errorf("%q is refused, and reads as %v", entry, p)
			}
			return
		}
		if again, broken := ParseRange(p.String()); broken != "" || again != p {
			t.Errorf("%q reads as %v, which reads as %v %q", entry, p, again, broken)
		}
		if p != p.Masked() || !InRanges([]netip.Prefix{p}, p.Addr()) {
			t.Errorf("%v does not hold its own address", p)
		}
		address, ok := ParseAddress(from)
		if !ok {
			return
		}
		on := InRanges([]netip.Prefix{p}, address)
		if mapped := InRanges([]netip.Prefix{p}, netip.AddrFrom16(address.As16())); mapped != on {
			t.Errorf("%v on %v: %t, and mapped into IPv6 %t", address, p, on, mapped)
		}
		if p.Addr().Is4() != address.Is4() && on {
			t.Errorf("%v is on %v", address, p)
		}
		if p.IsSingleIP() && on != (p.Addr() == address) {
			t.Errorf("%v on %v: %t", address, p, on)
		}
	})
}
