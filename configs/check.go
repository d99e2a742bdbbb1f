package configs

import (
	"net"
	"net/url"
	"path"
	"strings"
	"time"

	"keywright/registry"
)

// CheckDatabase tells what a command that only touches the database lacks.
func (c Config) CheckDatabase() error {
	if !c.DatabaseURL.IsSet() {
		return wrong("database_url", "is not set: give postgres://… or sqlite:PATH")
	}
	return nil
}

// CheckKeys tells what a command that touches credentials lacks.
func (c Config) CheckKeys() error {
	if err := c.CheckDatabase(); err != nil {
		return err
	}
	if !c.MasterKey.IsSet() {
		return wrong("master_key", "is not set: give base64 of 32 random bytes, such as openssl rand -base64 32 prints")
	}
	return nil
}

// spikesAgainst are the 14 days that an hour is held against to be a spike, and
// one more for that which is going on.
const spikesAgainst = 15 * 24 * time.Hour

// CheckServe tells what keeps the server from starting.
func (c Config) CheckServe() error {
	if err := c.CheckKeys(); err != nil {
		return err
	}
	if rule := issuerRule(c.IssuerAt(c.PublicListen)); rule != "" {
		return wrong("issuer", rule)
	}
	switch {
	case c.UsageSpikeFactor > 0 && c.UsageHoursKept < spikesAgainst:
		return wrong("usage_hours_kept", "must be at least 360h, 15 days, unless KEYWRIGHT_USAGE_SPIKE_FACTOR is 0: "+
			"spikes are held against 14 days of hours")
	case c.UsageDaysKept < c.UsageHoursKept:
		return wrong("usage_days_kept", "must not be less than KEYWRIGHT_USAGE_HOURS_KEPT")
	case c.UsageDaysKept < c.UsageSilence || c.UsageDaysKept < c.UsageNewNetwork:
		return wrong("usage_days_kept", "must not be less than KEYWRIGHT_USAGE_SILENCE and KEYWRIGHT_USAGE_NEW_NETWORK")
	case c.AdminTLSCert != "" && c.AdminTLSKey == "":
		return wrong("admin_tls_key", "is not set, but KEYWRIGHT_ADMIN_TLS_CERT is")
	case c.AdminTLSKey != "" && c.AdminTLSCert == "":
		return wrong("admin_tls_cert", "is not set, but KEYWRIGHT_ADMIN_TLS_KEY is")
	case c.AdminTLSCert == "" && !c.AdminInsecure && !loopbackListener(c.AdminListen):
		return wrong("admin_listen", "is off loopback, and this listener sends secrets: set KEYWRIGHT_ADMIN_TLS_CERT and "+
			"KEYWRIGHT_ADMIN_TLS_KEY, or KEYWRIGHT_ADMIN_INSECURE=true if a TLS proxy stands in front")
	}
	return nil
}

// CheckLoopback tells which listener is off loopback, where serve --dev stays.
func (c Config) CheckLoopback() error {
	for _, l := range []struct{ key, address string }{
		{"public_listen", c.PublicListen}, {"admin_listen", c.AdminListen}, {"metrics_listen", c.MetricsListen},
	} {
		if !loopbackListener(l.address) {
			return wrong(l.key, "must be a loopback address with --dev")
		}
	}
	return nil
}

// issuerRule is RFC 8414 §2 and a little more: the issuer is compared byte for
// byte, so that forms which invite a second spelling are refused.
func issuerRule(text string) string {
	if text == "" {
		return ""
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "":
		return "must be a URL such as https://keys.example.com"
	case u.Scheme != "https" && u.Scheme != "http":
		return "must begin with https://"
	case u.Scheme == "http" && !loopbackHost(u.Hostname()):
		return "must begin with https:// unless its host is loopback"
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || strings.Contains(text, "#"):
		return "must have no user, query or fragment"
	case strings.HasSuffix(text, "/"):
		return "must not end in a slash"
	case strings.ContainsFunc(u.EscapedPath(), func(c rune) bool { return c != '/' && !unreserved(c) }):
		return "must have a path of letters, digits, - . _ ~ and / only"
	case u.Path != "" && path.Clean(u.Path) != u.Path:
		return "must have a path without empty and dot segments"
	case u.Path == "/verify" || strings.HasPrefix(u.Path, "/verify/"):
		return "must have a path that does not begin with /verify"
	}
	return ""
}

// unreserved is RFC 3986 §2.3.
func unreserved(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("-._~", c)
}

func loopbackListener(address string) bool {
	host, _, err := net.SplitHostPort(address)
	return err == nil && loopbackHost(host)
}

func loopbackHost(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	a, ok := registry.ParseAddress(host)
	return ok && a.IsLoopback()
}
