package configs_test

import (
	"bytes"
	"encoding/base64"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"keywright/configs"
	"keywright/internal/testaddr"
)

var update = flag.Bool("update", false, "rewrite keywright.example.yaml")

var (
	testKey   = base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))
	otherKey  = base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{9}, 32))
	loadedURL = "postgres://kw:hunter2@db.example/keywright"
)

// load runs Load over a file, variables and command-line arguments.
func load(t *testing.T, yaml string, environ []string, args ...string) (configs.Config, error) {
	t.Helper()
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	configs.AddFlags(flags)
	if yaml != "" {
		args = append(args, "--config", writeFile(t, "keywright.yaml", yaml))
	}
	if err := flags.Parse(args); err != nil {
		t.Fatalf("parse flags: %v", err)
	}
	return configs.Load(configs.Source{Environ: environ, Flags: flags})
}

func writeFile(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLaterLayersWin(t *testing.T) {
	t.Parallel()
	const yaml = "public_listen: 127.0.0.1:1\nadmin_listen: 127.0.0.1:1\nmetrics_listen: 127.0.0.1:1\ntrusted_proxies: [10.1.2.3/8, '2001:db8::/32']\nopenid_alias: true\n"
	environ := []string{"KEYWRIGHT_ADMIN_LISTEN=127.0.0.1:2", "KEYWRIGHT_METRICS_LISTEN=127.0.0.1:2", "KEYWRIGHT_ISSUER=", "PATH=/bin"}
	c, err := load(t, yaml, environ, "--metrics-listen", "127.0.0.1:3", "--openid-alias=false")
	if err != nil {
		t.Fatal(err)
	}
	got := []any{c.PublicListen, c.AdminListen, c.MetricsListen, fmt.Sprint(c.TrustedProxies), c.OpenIDAlias, c.Issuer, c.StopTimeout}
	want := []any{"127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3", "[10.0.0.0/8 2001:db8::/32]", false, "", 20 * time.Second}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestFileTwins(t *testing.T) {
	t.Parallel()
	path := writeFile(t, "key", testKey+"\n")
	for name, tc := range map[string]struct {
		yaml    string
		environ []string
		args    []string
		want    string
	}{
		"file key":                       {yaml: "master_key_file: " + path, want: testKey},
		"variable":                       {environ: []string{"KEYWRIGHT_MASTER_KEY_FILE=" + path}, want: testKey},
		"flag":                           {args: []string{"--master-key-file", path}, want: testKey},
		"twin overrides a lower layer":   {yaml: "master_key: " + otherKey, environ: []string{"KEYWRIGHT_MASTER_KEY_FILE=" + path}, want: testKey},
		"twin gives way to a higher one": {yaml: "master_key_file: " + path, environ: []string{"KEYWRIGHT_MASTER_KEY=" + otherKey}, want: otherKey},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := load(t, tc.yaml, tc.environ, tc.args...)
			if err != nil {
				t.Fatal(err)
			}
			if c.MasterKey.Reveal() != tc.want {
				t.Errorf("got another master key than was to win")
			}
		})
	}
}

func TestWrongSettingsAreNamed(t *testing.T) {
	t.Parallel()
	const secret = "hunter2"
	empty := writeFile(t, "empty", "\n")
	for name, tc := range map[string]struct {
		yaml    string
		environ []string
		want    string // the beginning of the one line
	}{
		"unknown file key":          {yaml: "databse_url: x", want: "databse_url is no setting"},
		"nested file key":           {yaml: "database:\n  url: x", want: "database.url is no setting"},
		"not YAML":                  {yaml: "a: b: c", want: "--config "},
		"a bare secret":             {yaml: secret, want: "--config "},
		"unknown variable":          {environ: []string{"KEYWRIGHT_DATABASE=x"}, want: "KEYWRIGHT_DATABASE is no setting"},
		"variable in lower case":    {environ: []string{"KEYWRIGHT_database_url=x"}, want: "KEYWRIGHT_database_url is no setting"},
		"database of another kind":  {environ: []string{"KEYWRIGHT_DATABASE_URL=mysql://a:" + secret + "@b/c"}, want: "KEYWRIGHT_DATABASE_URL must be"},
		"database not a URL":        {environ: []string{"KEYWRIGHT_DATABASE_URL=postgres://a:" + secret + "%zz@b/c"}, want: "KEYWRIGHT_DATABASE_URL must be"},
		"sqlite without a path":     {environ: []string{"KEYWRIGHT_DATABASE_URL=sqlite:"}, want: "KEYWRIGHT_DATABASE_URL must name"},
		"master key not base64":     {environ: []string{"KEYWRIGHT_MASTER_KEY=" + testKey + "," + secret + "!"}, want: "KEYWRIGHT_MASTER_KEY must be base64 of 32 bytes: key 2"},
		"master key too short":      {environ: []string{"KEYWRIGHT_MASTER_KEY=aHVudGVyMg=="}, want: "KEYWRIGHT_MASTER_KEY must be base64 of 32 bytes: key 1 of the list has 7"},
		"value and twin":            {environ: []string{"KEYWRIGHT_MASTER_KEY=" + testKey, "KEYWRIGHT_MASTER_KEY_FILE=/x"}, want: "KEYWRIGHT_MASTER_KEY_FILE and KEYWRIGHT_MASTER_KEY"},
		"twin of nothing":           {environ: []string{"KEYWRIGHT_MASTER_KEY_FILE=/no/such/file"}, want: "KEYWRIGHT_MASTER_KEY_FILE /no/such/file: no such file"},
		"empty twin":                {environ: []string{"KEYWRIGHT_MASTER_KEY_FILE=" + empty}, want: "KEYWRIGHT_MASTER_KEY_FILE "},
		"twin of a plain setting":   {environ: []string{"KEYWRIGHT_ISSUER_FILE=x"}, want: "KEYWRIGHT_ISSUER_FILE is no setting"},
		"listener without port":     {environ: []string{"KEYWRIGHT_PUBLIC_LISTEN=localhost"}, want: "KEYWRIGHT_PUBLIC_LISTEN must be host:port"},
		"listener with big port":    {environ: []string{"KEYWRIGHT_ADMIN_LISTEN=:70000"}, want: "KEYWRIGHT_ADMIN_LISTEN must end in a port"},
		"issuer without scheme":     {environ: []string{"KEYWRIGHT_ISSUER=keys.example.com"}, want: "KEYWRIGHT_ISSUER must be a URL"},
		"issuer over http":          {environ: []string{"KEYWRIGHT_ISSUER=http://keys.example.com"}, want: "KEYWRIGHT_ISSUER must begin with https://"},
		"issuer with query":         {environ: []string{"KEYWRIGHT_ISSUER=https://keys.example.com?a"}, want: "KEYWRIGHT_ISSUER must have no"},
		"issuer with empty tail":    {environ: []string{"KEYWRIGHT_ISSUER=https://keys.example.com#"}, want: "KEYWRIGHT_ISSUER must have no"},
		"issuer with slash":         {environ: []string{"KEYWRIGHT_ISSUER=https://keys.example.com/"}, want: "KEYWRIGHT_ISSUER must not end"},
		"issuer with odd path":      {environ: []string{"KEYWRIGHT_ISSUER=https://keys.example.com/:a"}, want: "KEYWRIGHT_ISSUER must have a path"},
		"issuer with empty segment": {environ: []string{"KEYWRIGHT_ISSUER=https://keys.example.com/a//b"}, want: "KEYWRIGHT_ISSUER must have a path without"},
		"issuer with dot segment":   {environ: []string{"KEYWRIGHT_ISSUER=https://keys.example.com/."}, want: "KEYWRIGHT_ISSUER must have a path without"},
		"issuer below /verify":      {environ: []string{"KEYWRIGHT_ISSUER=https://keys.example.com/verify/x"}, want: "KEYWRIGHT_ISSUER must have a path that"},
		"issuer that looks local":   {environ: []string{"KEYWRIGHT_ISSUER=http://localhost.example.com"}, want: "KEYWRIGHT_ISSUER must begin with https://"},
		"proxies not a list":        {environ: []string{"KEYWRIGHT_TRUSTED_PROXIES=10.0.0.0/8,x"}, want: `KEYWRIGHT_TRUSTED_PROXIES lists "x", which is not an address or a CIDR range`},
		"proxies mapped":            {environ: []string{"KEYWRIGHT_TRUSTED_PROXIES=::ffff:10.0.0.0/104"}, want: `KEYWRIGHT_TRUSTED_PROXIES lists "::ffff:10.0.0.0/104", which must be written as an IPv4 address`},
		"not a boolean":             {environ: []string{"KEYWRIGHT_ADMIN_INSECURE=perhaps"}, want: "KEYWRIGHT_ADMIN_INSECURE must be true or false"},
		"not a level":               {environ: []string{"KEYWRIGHT_LOG_LEVEL=loud"}, want: "KEYWRIGHT_LOG_LEVEL must be"},
		"not an algorithm":          {environ: []string{"KEYWRIGHT_SIGNING_ALGORITHM=HS256"}, want: "KEYWRIGHT_SIGNING_ALGORITHM must be ES256, RS256 or EdDSA"},
		"a short-lived signing key": {environ: []string{"KEYWRIGHT_SIGNING_KEY_LIFETIME=5m"}, want: "KEYWRIGHT_SIGNING_KEY_LIFETIME must be a duration"},
		"not a duration":            {environ: []string{"KEYWRIGHT_STOP_TIMEOUT=5"}, want: "KEYWRIGHT_STOP_TIMEOUT must be a duration"},
		"pool of none":              {environ: []string{"KEYWRIGHT_DATABASE_POOL=0"}, want: "KEYWRIGHT_DATABASE_POOL must be a number from 1"},
		"negative number of series": {environ: []string{"KEYWRIGHT_METRICS_CREDENTIALS=-1"}, want: "KEYWRIGHT_METRICS_CREDENTIALS must be a number"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := load(t, tc.yaml, tc.environ)
			if err == nil {
				t.Fatal("got no error")
			}
			text := err.Error()
			if !strings.HasPrefix(text, tc.want) || strings.Contains(text, "\n") || strings.Contains(text, secret) {
				t.Errorf("got %q, want one line that begins with %q and does not tell the value", text, tc.want)
			}
		})
	}
}

// TestWrittenTrustedProxies holds every written form of an address against the
// list of proxies.
func TestWrittenTrustedProxies(t *testing.T) {
	t.Parallel()
	for _, f := range testaddr.All() {
		want := "[" + f.Range + "]"
		switch strings.TrimSpace(f.Text) { // as the list does
		case "":
			want = "[]"
		case "192.0.2.7":
			want = "[192.0.2.7/32]"
		case f.Text:
			if f.Range == "" {
				want = "refused"
			}
		}
		got := "refused"
		if c, err := load(t, "", []string{"KEYWRIGHT_TRUSTED_PROXIES=" + f.Text}); err == nil {
			got = fmt.Sprint(c.TrustedProxies)
		}
		if got != want {
			t.Errorf("%q: got %s, want %s", f.Text, got, want)
		}
	}
}

func TestServiceLinksAreNoSettings(t *testing.T) {
	t.Parallel()
	_, err := load(t, "", []string{
		"KEYWRIGHT_PORT=tcp://10.0.0.1:8080", "KEYWRIGHT_PORT_8080_TCP=x", "KEYWRIGHT_PORT_8080_TCP_ADDR=10.0.0.1",
		"KEYWRIGHT_SERVICE_HOST=10.0.0.1", "KEYWRIGHT_SERVICE_PORT_HTTP=8080", "KEYWRIGHT_ADMIN_SERVICE_HOST=10.0.0.1",
	})
	if err != nil {
		t.Errorf("got %v for variables that Kubernetes sets, want them left alone", err)
	}
}

func TestChecks(t *testing.T) {
	t.Parallel()
	good := []string{"KEYWRIGHT_DATABASE_URL=" + loadedURL, "KEYWRIGHT_MASTER_KEY=" + testKey}
	with := func(more ...string) []string { return append(more, good...) }
	serve := configs.Config.CheckServe
	for name, tc := range map[string]struct {
		environ []string
		check   func(configs.Config) error
		want    string // empty: fit
	}{
		"defaults":                {good, serve, ""},
		"no database":             {nil, serve, "KEYWRIGHT_DATABASE_URL is not set"},
		"no master key":           {good[:1], serve, "KEYWRIGHT_MASTER_KEY is not set"},
		"migrating needs no key":  {good[:1], configs.Config.CheckDatabase, ""},
		"public off loopback":     {with("KEYWRIGHT_PUBLIC_LISTEN=0.0.0.0:80"), serve, "KEYWRIGHT_ISSUER must begin with https://"},
		"public with an issuer":   {with("KEYWRIGHT_PUBLIC_LISTEN=:80", "KEYWRIGHT_ISSUER=https://k.example/a"), serve, ""},
		"admin off loopback":      {with("KEYWRIGHT_ADMIN_LISTEN=:81"), serve, "KEYWRIGHT_ADMIN_LISTEN is off loopback"},
		"admin behind a proxy":    {with("KEYWRIGHT_ADMIN_LISTEN=:81", "KEYWRIGHT_ADMIN_INSECURE=true"), serve, ""},
		"admin with TLS":          {with("KEYWRIGHT_ADMIN_LISTEN=:81", "KEYWRIGHT_ADMIN_TLS_CERT=c", "KEYWRIGHT_ADMIN_TLS_KEY=k"), serve, ""},
		"certificate without key": {with("KEYWRIGHT_ADMIN_TLS_CERT=c"), serve, "KEYWRIGHT_ADMIN_TLS_KEY is not set"},
		"key without certificate": {with("KEYWRIGHT_ADMIN_TLS_KEY=k"), serve, "KEYWRIGHT_ADMIN_TLS_CERT is not set"},
		"days before hours":       {with("KEYWRIGHT_USAGE_DAYS_KEPT=719h"), serve, "KEYWRIGHT_USAGE_DAYS_KEPT must not be less than"},
		"hours before spikes":     {with("KEYWRIGHT_USAGE_HOURS_KEPT=359h"), serve, "KEYWRIGHT_USAGE_HOURS_KEPT must be at least 360h"},
		"hours of spikes":         {with("KEYWRIGHT_USAGE_HOURS_KEPT=360h"), serve, ""},
		"hours without spikes":    {with("KEYWRIGHT_USAGE_HOURS_KEPT=48h", "KEYWRIGHT_USAGE_SPIKE_FACTOR=0"), serve, ""},
		"days before silence":     {with("KEYWRIGHT_USAGE_SILENCE=9601h"), serve, "KEYWRIGHT_USAGE_DAYS_KEPT must not be less than KEYWRIGHT_USAGE_SILENCE"},
		"dev":                     {with("KEYWRIGHT_PUBLIC_LISTEN=[::1]:0", "KEYWRIGHT_ADMIN_LISTEN=localhost:0"), configs.Config.CheckLoopback, ""},
		"dev off loopback":        {with("KEYWRIGHT_METRICS_LISTEN=0.0.0.0:1"), configs.Config.CheckLoopback, "KEYWRIGHT_METRICS_LISTEN must be a loopback address"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := load(t, "", tc.environ)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if err := tc.check(c); err != nil {
				got = err.Error()
			}
			if (got == "") != (tc.want == "") || !strings.HasPrefix(got, tc.want) || strings.Contains(got, "\n") {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestPrintRedactsAndLoadsBack(t *testing.T) {
	t.Parallel()
	c, err := load(t, "", []string{
		"KEYWRIGHT_DATABASE_URL=" + loadedURL + "?sslpassword=hunter3&sslmode=disable",
		"KEYWRIGHT_MASTER_KEY=" + testKey, "KEYWRIGHT_TRUSTED_PROXIES=10.0.0.0/8, fd00::/8", "KEYWRIGHT_LOG_LEVEL=DEBUG",
	})
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := configs.Print(&out, c); err != nil {
		t.Fatal(err)
	}
	shown := out.String() + fmt.Sprintf("%v %+v %#v", c, c, c)
	for _, secret := range []string{"hunter2", "hunter3", testKey} {
		if strings.Contains(shown, secret) {
			t.Errorf("%q is shown in\n%s", secret, shown)
		}
	}
	if want := "db.example/keywright"; !strings.Contains(shown, want) {
		t.Errorf("%q is not shown in\n%s", want, shown)
	}
	again, err := load(t, strings.Replace(out.String(), `"[redacted]"`, testKey, 1), nil)
	if err != nil {
		t.Fatalf("load what was printed: %v", err)
	}
	var second strings.Builder
	if err := configs.Print(&second, again); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(out.String(), second.String()); diff != "" {
		t.Errorf("printed, loaded and printed again (-first +second)\n%s", diff)
	}
}

func TestRedactURL(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                      "",
		"sqlite:data/k.db":      "sqlite:data/k.db",
		"postgres://h/d":        "postgres://h/d",
		"postgres://u@h/d":      "postgres://u@h/d",
		"postgres://u:p%40@h/d": "postgres://u:redacted@h/d",
		"postgres://h/d?PassWord=p&host=%2Frun&user=u": "postgres://h/d?PassWord=redacted&host=%2Frun&user=u",
		"postgres:u:p@h":         "[redacted]",
		"postgres://u:p%zz@h/d":  "[redacted]",
		"postgres://u:p#x@h/d?y": "[redacted]",
	} {
		if got := configs.RedactURL(in); got != want {
			t.Errorf("RedactURL(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestExampleFile(t *testing.T) {
	t.Parallel()
	var want bytes.Buffer
	if err := configs.PrintExample(&want); err != nil {
		t.Fatal(err)
	}
	const path = "keywright.example.yaml"
	if *update {
		if err := os.WriteFile(path, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.String(), string(got)); diff != "" {
		t.Errorf("%s is out of date, run: go test ./configs -update\n(-want +got)\n%s", path, diff)
	}
	fromFile, err := load(t, string(got), nil)
	if err != nil {
		t.Fatal(err)
	}
	defaults, err := load(t, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := fmt.Sprintf("%#v", fromFile), fmt.Sprintf("%#v", defaults); a != b {
		t.Errorf("the example file loads as %s, the defaults as %s", a, b)
	}
}
