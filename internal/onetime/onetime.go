// Package onetime makes and checks time-based one-time codes (RFC 6238): six
// digits, a step of 30 seconds, HMAC-SHA-1, as every authenticator app has
// them. Which codes were used, and where secrets are kept, is not its business.
// It imports nothing of ours.
package onetime

import (
	"crypto/subtle"
	"io"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"
)

const (
	issuer      = "Keywright"
	stepSeconds = 30
	secretBytes = 20 // RFC 4226 §4, R6
	// skew is how many steps the clocks may differ, either way.
	skew = 1
)

// Codes makes and checks one-time codes.
type Codes struct{ random io.Reader }

// NewCodes returns Codes whose secrets are read from random, a CSPRNG.
func NewCodes(random io.Reader) Codes { return Codes{random} }

// New makes a secret, in base32, for an account, and the otpauth URI that
// enrols it in an app.
func (c Codes) New(account string) (secret, uri string, err error) {
	key, err := totp.Generate(totp.GenerateOpts{
		Issuer: issuer, AccountName: account, SecretSize: secretBytes, Period: stepSeconds,
		Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1, Rand: c.random,
	})
	if err != nil {
		return "", "", err
	}
	return key.Secret(), key.URL(), nil
}

// Step returns the time step whose code this is: that of the time, the one
// before or the one after (RFC 6238 §5.2).
func (c Codes) Step(secret, code string, at time.Time) (step int64, ok bool) {
	now := at.Unix() / stepSeconds
	for s := now - skew; s <= now+skew; s++ {
		want, err := totp.GenerateCodeCustom(secret, time.Unix(s*stepSeconds, 0), totp.ValidateOpts{
			Period: stepSeconds, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1,
		})
		if err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			step, ok = s, true
		}
	}
	return step, ok
}
