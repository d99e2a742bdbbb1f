// Package configs loads, checks and prints the settings of Keywright. They
// come from a YAML file, the environment and the command line; the later wins.
//
// Start reading at settings.go: one table names every setting, and the file
// keys, variables, flags, example file and printed configuration all follow
// from it. The package knows nothing of what the settings are used for beyond
// the rules in check.go.
package configs

import (
	"log/slog"
	"net/netip"
	"strings"
	"time"
)

// Config is the effective configuration. Load fills it; the Check methods tell
// whether it is fit for a purpose.
type Config struct {
	// DatabaseURL is postgres://… or sqlite:PATH. Every command that touches
	// data needs it.
	DatabaseURL Secret
	// DatabasePool is how many connections to Postgres one process may hold.
	DatabasePool int
	// DatabaseTimeout bounds each statement, waiting for a connection included.
	DatabaseTimeout time.Duration

	// CacheSize is how many clients, and how many API tokens, this process
	// remembers. 0: every request reads the database.
	CacheSize int

	// PublicListen, AdminListen and MetricsListen are host:port; port 0 takes
	// any free one.
	PublicListen  string
	AdminListen   string
	MetricsListen string

	// Issuer is the issuer URL. Empty: http:// and the public listen address;
	// see IssuerAt.
	Issuer string
	// MasterKey is base64 of 32 bytes, or a comma-separated list of them: the
	// first seals, all open. Every command that touches credentials needs it.
	MasterKey Secret
	// TrustedProxies are the networks whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix
	// OpenIDAlias also serves the metadata at /.well-known/openid-configuration.
	OpenIDAlias bool

	// SigningAlgorithm is that of new signing keys: ES256, RS256 or EdDSA.
	SigningAlgorithm string
	// SigningKeyLifetime is how long a signing key is in use.
	SigningKeyLifetime time.Duration

	// AdminTLSCert and AdminTLSKey name PEM files. Together they put TLS on
	// the admin listener.
	AdminTLSCert string
	AdminTLSKey  string
	// AdminInsecure says that a TLS proxy stands in front of an admin listener
	// off loopback.
	AdminInsecure bool

	// MetricsCredentials is how many credentials have usage series of their
	// own, besides those that are watched. 0: none has, watched or not.
	MetricsCredentials int
	// UsageHoursKept is how long usage is kept by the hour, and UsageDaysKept
	// how long by the day.
	UsageHoursKept time.Duration
	UsageDaysKept  time.Duration

	// WatchInterval is how often the credentials are looked over.
	WatchInterval time.Duration
	// UsageSpikeFactor, UsageSpikeMinimum, UsageSilence and UsageNewNetwork are
	// the thresholds of registry.UsageRules.
	UsageSpikeFactor  int
	UsageSpikeMinimum int
	UsageSilence      time.Duration
	UsageNewNetwork   time.Duration

	// LogLevel is the least level that is logged.
	LogLevel slog.Level
	// StopDelay is how long a stopping server goes on serving while /readyz
	// already says no, so that clients and balancers turn away by themselves.
	StopDelay time.Duration
	// StopTimeout bounds the wait for requests in flight after that.
	StopTimeout time.Duration
}

// IssuerAt returns the issuer for a server whose public listener is bound to
// that address: the setting, or http:// and the address.
func (c Config) IssuerAt(publicAddress string) string {
	if c.Issuer != "" {
		return c.Issuer
	}
	return "http://" + publicAddress
}

const redacted = "[redacted]"

// Secret is the text of a secret setting. It prints, logs and marshals redacted.
type Secret struct{ text string }

// NewSecret wraps a text that must not be printed.
func NewSecret(text string) Secret { return Secret{text} }

// Reveal returns the text, for the one place that uses it.
func (s Secret) Reveal() string { return s.text }

// IsSet tells whether there is a text.
func (s Secret) IsSet() bool { return s.text != "" }

// String returns a placeholder, so that no format verb prints the secret.
func (s Secret) String() string {
	if s.text == "" {
		return ""
	}
	return redacted
}

// GoString is String for %#v.
func (s Secret) GoString() string { return s.String() }

// LogValue redacts the secret in structured logs.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText redacts the secret in JSON and every other text encoding.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Error is a wrong setting. Its text is one line that names the setting by its
// variable and never contains a secret value.
type Error struct {
	Setting string // KEYWRIGHT_… or a key of the file
	Rule    string
}

func (e *Error) Error() string { return e.Setting + " " + e.Rule }

func wrong(key, rule string) *Error { return &Error{variable(key), rule} }

func variable(key string) string { return prefix + strings.ToUpper(key) }
