package configs

import (
	"encoding/base64"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"keywright/registry"
)

const (
	prefix     = "KEYWRIGHT_"
	fileSuffix = "_file"
)

// setting is one row of the table. Its key is the key in the file; upper case
// behind the prefix it is the variable, and with dashes the flag. A secret one
// has a twin with the suffix _file and no flag but its twin's.
type setting struct {
	key    string
	preset string // the default, as one would write it
	secret bool
	about  string
	set    func(c *Config, text string) (rule string) // rule: what the text breaks, or empty
	text   func(c Config) string                      // as it may be shown
}

// settings are all of them, in the order of the documentation.
var settings = []setting{
	{
		key: "database_url", secret: true,
		about: "postgres://user:password@host/database or sqlite:PATH.",
		set: func(c *Config, text string) string {
			c.DatabaseURL = Secret{text}
			return databaseURLRule(text)
		},
		text: func(c Config) string { return RedactURL(c.DatabaseURL.text) },
	},
	integer("database_pool", "16", 1, 10_000, func(c *Config) *int { return &c.DatabasePool },
		"How many connections to Postgres this process may hold."),
	duration("database_timeout", "3s", 10*time.Millisecond, func(c *Config) *time.Duration { return &c.DatabaseTimeout },
		"The bound of each statement, waiting for a connection included. Revoking all at once has at least 20s."),
	integer("cache_size", "50000", 0, 10_000_000, func(c *Config) *int { return &c.CacheSize },
		"How many clients, and how many API tokens, this process remembers, 1.5 to 3 KB each. 0: every request reads the database."),
	listen("public_listen", "127.0.0.1:8080", func(c *Config) *string { return &c.PublicListen },
		"Where the OAuth endpoints listen."),
	listen("admin_listen", "127.0.0.1:8081", func(c *Config) *string { return &c.AdminListen },
		"Where the admin API listens."),
	listen("metrics_listen", "127.0.0.1:8082", func(c *Config) *string { return &c.MetricsListen },
		"Where /metrics listens."),
	{
		key:   "issuer",
		about: "The issuer URL; https unless its host is loopback. Default: http:// and the public listen address.",
		set: func(c *Config, text string) string {
			c.Issuer = text
			return issuerRule(text)
		},
		text: func(c Config) string { return c.IssuerAt(c.PublicListen) },
	},
	{
		key: "master_key", secret: true,
		about: "base64 of 32 random bytes, or a comma-separated list: the first seals, the rest only open.\nMake one with: openssl rand -base64 32",
		set: func(c *Config, text string) string {
			c.MasterKey = Secret{text}
			return masterKeyRule(text)
		},
		text: func(c Config) string { return c.MasterKey.String() },
	},
	{
		key:   "trusted_proxies",
		about: "Addresses and networks (CIDR, comma-separated or a list) whose X-Forwarded-For is believed. Empty believes none.",
		set:   setTrustedProxies,
		text: func(c Config) string {
			texts := make([]string, len(c.TrustedProxies))
			for i, p := range c.TrustedProxies {
				texts[i] = p.String()
			}
			return strings.Join(texts, ",")
		},
	},
	boolean("openid_alias", func(c *Config) *bool { return &c.OpenIDAlias },
		"Also serve the metadata at /.well-known/openid-configuration."),
	{
		key: "signing_algorithm", preset: "ES256",
		about: "ES256, RS256 or EdDSA: what new signing keys are for. A change takes effect with the next rotation.",
		set: func(c *Config, text string) string {
			c.SigningAlgorithm = text
			if !slices.Contains([]string{"ES256", "RS256", "EdDSA"}, text) {
				return "must be ES256, RS256 or EdDSA"
			}
			return ""
		},
		text: func(c Config) string { return c.SigningAlgorithm },
	},
	durationBetween("signing_key_lifetime", "2160h", time.Hour, 10*365*24*time.Hour, func(c *Config) *time.Duration { return &c.SigningKeyLifetime },
		"How long a signing key is in use before the next one takes over. 2160h is 90 days."),
	plain("admin_tls_cert", func(c *Config) *string { return &c.AdminTLSCert },
		"PEM file with the certificate chain of the admin listener."),
	plain("admin_tls_key", func(c *Config) *string { return &c.AdminTLSKey },
		"PEM file with the private key of the admin listener."),
	boolean("admin_insecure", func(c *Config) *bool { return &c.AdminInsecure },
		"A TLS proxy stands in front of an admin listener that is off loopback."),
	integer("metrics_credentials", "200", 0, 100_000, func(c *Config) *int { return &c.MetricsCredentials },
		"How many credentials have usage series of their own, besides the watched ones. 0 switches them all off."),
	durationBetween("usage_hours_kept", "720h", 48*time.Hour, 400*24*time.Hour, func(c *Config) *time.Duration { return &c.UsageHoursKept },
		"How long usage is kept by the hour; then days are made of the hours. 720h is 30 days; at least 360h while spikes are marked."),
	durationBetween("usage_days_kept", "9600h", 48*time.Hour, 10*365*24*time.Hour, func(c *Config) *time.Duration { return &c.UsageDaysKept },
		"How long usage is kept by the day. 9600h is 400 days."),
	duration("watch_interval", "1m", time.Second, func(c *Config) *time.Duration { return &c.WatchInterval },
		"How often credentials are counted for the metrics, warned of before they expire, and their use is looked at for what is odd."),
	integer("usage_spike_factor", "5", 0, 1000, func(c *Config) *int { return &c.UsageSpikeFactor },
		"An hour is marked as a spike with more than so many times the uses of the credential's busiest hour in 14 days. 0: none is."),
	integer("usage_spike_minimum", "100", 1, 1_000_000_000, func(c *Config) *int { return &c.UsageSpikeMinimum },
		"An hour with fewer uses is no spike."),
	durationBetween("usage_silence", "720h", 0, 10*365*24*time.Hour, func(c *Config) *time.Duration { return &c.UsageSilence },
		"The first use after so long without any is marked. 720h is 30 days. 0: none is."),
	durationBetween("usage_new_network", "168h", 0, 10*365*24*time.Hour, func(c *Config) *time.Duration { return &c.UsageNewNetwork },
		"The first use from a network is marked once the credential has been in use for so long. 168h is 7 days. 0: none is."),
	{
		key: "log_level", preset: "info",
		about: "debug, info, warn or error.",
		set: func(c *Config, text string) string {
			levels := map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}
			level, ok := levels[strings.ToLower(text)]
			if !ok {
				return "must be debug, info, warn or error"
			}
			c.LogLevel = level
			return ""
		},
		text: func(c Config) string { return strings.ToLower(c.LogLevel.String()) },
	},
	duration("stop_delay", "1s", 0, func(c *Config) *time.Duration { return &c.StopDelay },
		"How long a stopping server goes on serving while /readyz already says no."),
	duration("stop_timeout", "20s", 0, func(c *Config) *time.Duration { return &c.StopTimeout },
		"How long it then waits for requests in flight."),
}

func find(key string) (setting, bool) {
	i := slices.IndexFunc(settings, func(s setting) bool { return s.key == key })
	if i < 0 {
		return setting{}, false
	}
	return settings[i], true
}

// known tells whether a layer may hold that key.
func known(key string) bool {
	if _, ok := find(key); ok {
		return true
	}
	base, isFile := strings.CutSuffix(key, fileSuffix)
	s, ok := find(base)
	return isFile && ok && s.secret
}

// AddFlags adds --config and a flag for every setting. A secret has only the
// flag that names a file: a command line is visible to the whole machine.
// The database URL is the exception, for the many that hold no password.
func AddFlags(flags *pflag.FlagSet) {
	flags.String(ConfigFlag, "", "YAML file with settings")
	for _, s := range settings {
		about := strings.ReplaceAll(s.about, "\n", " ")
		if s.secret {
			flags.String(flagName(s.key+fileSuffix), "", "file that holds: "+about)
			if s.key != "database_url" {
				continue
			}
		}
		flags.String(flagName(s.key), "", about)
		if s.preset == "false" {
			flags.Lookup(flagName(s.key)).NoOptDefVal = "true"
		}
	}
}

// ConfigFlag is the flag that names the settings file.
const ConfigFlag = "config"

func flagName(key string) string { return strings.ReplaceAll(key, "_", "-") }

func plain(key string, field func(*Config) *string, about string) setting {
	return setting{
		key: key, about: about,
		set: func(c *Config, text string) string {
			*field(c) = text
			return ""
		},
		text: func(c Config) string { return *field(&c) },
	}
}

func boolean(key string, field func(*Config) *bool, about string) setting {
	return setting{
		key: key, preset: "false", about: about,
		set: func(c *Config, text string) string {
			on, err := strconv.ParseBool(text)
			if err != nil {
				return "must be true or false"
			}
			*field(c) = on
			return ""
		},
		text: func(c Config) string { return strconv.FormatBool(*field(&c)) },
	}
}

func integer(key, preset string, low, high int, field func(*Config) *int, about string) setting {
	return setting{
		key: key, preset: preset, about: about,
		set: func(c *Config, text string) string {
			n, err := strconv.Atoi(text)
			if err != nil || n < low || n > high {
				return fmt.Sprintf("must be a number from %d to %d", low, high)
			}
			*field(c) = n
			return ""
		},
		text: func(c Config) string { return strconv.Itoa(*field(&c)) },
	}
}

func duration(key, preset string, low time.Duration, field func(*Config) *time.Duration, about string) setting {
	return durationBetween(key, preset, low, time.Hour, field, about)
}

func durationBetween(key, preset string, low, high time.Duration, field func(*Config) *time.Duration, about string) setting {
	return setting{
		key: key, preset: preset, about: about,
		set: func(c *Config, text string) string {
			d, err := time.ParseDuration(text)
			if err != nil || d < low || d > high {
				return fmt.Sprintf("must be a duration such as 5s, from %s to %s", low, high)
			}
			*field(c) = d
			return ""
		},
		text: func(c Config) string { return field(&c).String() },
	}
}

func listen(key, preset string, field func(*Config) *string, about string) setting {
	return setting{
		key: key, preset: preset, about: about,
		set: func(c *Config, text string) string {
			_, port, err := net.SplitHostPort(text)
			if err != nil {
				return "must be host:port"
			}
			if _, err := strconv.ParseUint(port, 10, 16); err != nil {
				return "must end in a port from 0 to 65535"
			}
			*field(c) = text
			return ""
		},
		text: func(c Config) string { return *field(&c) },
	}
}

func setTrustedProxies(c *Config, text string) string {
	c.TrustedProxies = nil
	for entry := range strings.SplitSeq(text, ",") {
		entry = strings.TrimSpace(entry)
		if entry == "" {
			continue
		}
		p, broken := registry.ParseRange(entry)
		if broken != "" {
			return fmt.Sprintf("lists %q, which %s", entry, broken)
		}
		c.TrustedProxies = append(c.TrustedProxies, p)
	}
	return ""
}

// databaseURLRule never quotes the text, which may hold a password.
func databaseURLRule(text string) string {
	if path, ok := strings.CutPrefix(text, "sqlite:"); ok {
		if path == "" {
			return "must name a file after sqlite:"
		}
		return ""
	}
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") {
		return "must be postgres://… or sqlite:PATH"
	}
	return ""
}

func masterKeyRule(text string) string {
	for i, part := range strings.Split(text, ",") {
		raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(part))
		if err != nil {
			return fmt.Sprintf("must be base64 of 32 bytes: key %d of the list is not base64", i+1)
		}
		if len(raw) != 32 {
			return fmt.Sprintf("must be base64 of 32 bytes: key %d of the list has %d", i+1, len(raw))
		}
	}
	return ""
}
