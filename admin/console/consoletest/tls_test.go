package consoletest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/security"
)

// TestOverTLS signs in over TLS: the cookie of the session is bound to the
// host, goes over TLS alone, and no script reads it.
func TestOverTLS(t *testing.T) {
	t.Parallel()
	onBoth(t, copyOfSQLite, copyOfPostgres, func(t *testing.T, s *site) {
		certificate, key := selfSigned(t)
		s.environ = append(s.environ, "KEYWRIGHT_ADMIN_TLS_CERT="+certificate, "KEYWRIGHT_ADMIN_TLS_KEY="+key)
		s.start(t)
		p := s.tab(t)
		call(p, security.SetIgnoreCertificateErrors, security.SetIgnoreCertificateErrorsParams{Ignore: true})
		p.signIn()
		cookies := call(p, network.GetCookies, network.GetCookiesParams{}).Cookies
		if len(cookies) != 1 {
			t.Fatalf("there are %d cookies", len(cookies))
		}
		c := cookies[0]
		if c.Name != "__Host-keywright" || !c.HTTPOnly || !c.Secure || !c.Session || c.SameSite != network.CookieSameSiteLax || c.Path != "/" {
			t.Errorf("the cookie of the session is %+v", c)
		}
		if read := ask[string](p, "document.cookie"); read != "" {
			t.Error("a script reads the cookie of the session")
		}
		p.press("Clients")
		p.arrives("/console/clients")
		p.press("Sign out")
		p.press("Sign out here")
		p.sees("You are signed out.")
		for _, c := range call(p, network.GetCookies, network.GetCookiesParams{}).Cookies {
			if c.Name == "__Host-keywright" {
				t.Error("the cookie outlives the session")
			}
		}
	})
}

// selfSigned makes a certificate for the loopback, and returns its files.
func selfSigned(t *testing.T) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	must(t, err)
	raw, err := x509.MarshalPKCS8PrivateKey(private)
	must(t, err)
	folder := t.TempDir()
	certificate, key = filepath.Join(folder, "certificate.pem"), filepath.Join(folder, "key.pem")
	must(t, os.WriteFile(certificate, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed}), 0o600))
	must(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}), 0o600))
	return certificate, key
}
