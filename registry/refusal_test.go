package registry

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// plainBox shows what is sealed; the real one is tested where it lives.
type plainBox struct{}

func (plainBox) Seal(plain, context []byte) []byte {
	return append(append([]byte{}, context...), plain...)
}

func (plainBox) Open(sealed, context []byte) ([]byte, error) {
	plain, ok := strings.CutPrefix(string(sealed), string(context))
	if !ok {
		return nil, errors.New("not sealed for this context")
	}
	return []byte(plain), nil
}

func TestErrorIDsHaveOneLengthAndSayAll(t *testing.T) {
	t.Parallel()
	ids := NewErrorIDs(plainBox{})
	organization, client := mustID(t, PrefixOrganization), mustID(t, PrefixClient)
	at := time.Date(2031, 5, 6, 7, 8, 9, 1000, time.UTC)
	length := 0
	for _, want := range []Refusal{
		{Cause: CauseUnknownClient, At: at},
		{Cause: CauseWrongSecret, OrganizationID: organization, Credential: Principal{ActorClient, client}, At: at},
		{Cause: CauseExpired, OrganizationID: organization, Credential: Principal{ActorAPIToken, mustID(t, PrefixAPIToken)}, At: at},
	} {
		id := ids.New(want)
		if length == 0 {
			length = len(id)
		}
		if len(id) != length {
			t.Errorf("error id of %d characters, want %d for every cause", len(id), length)
		}
		got, err := ids.Open(id)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

func TestErrorIDsRefuseWhatTheyDidNotMake(t *testing.T) {
	t.Parallel()
	ids := NewErrorIDs(plainBox{})
	good := ids.New(Refusal{Cause: CauseDisabled, At: time.Unix(0, 0)})
	for _, bad := range []string{"", "err_", good[4:], good + "A", good[:len(good)-2], good + "=", "err_!!!!"} {
		if _, err := ids.Open(bad); err == nil {
			t.Errorf("Open(%q) succeeded", bad)
		}
	}
}

func TestEveryCauseHasItsName(t *testing.T) {
	t.Parallel()
	if got, want := len(causeNames), int(CauseSignInAgain)+1; got != want {
		t.Fatalf("%d names, want %d", got, want)
	}
	seen := map[string]bool{}
	for _, name := range causeNames {
		if name == "" || seen[name] {
			t.Errorf("name %q is empty or used twice", name)
		}
		seen[name] = true
	}
}

func mustID(t *testing.T, prefix string) string {
	t.Helper()
	id, err := NewID(rand.Reader, prefix)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// FuzzErrorID takes what a caller may send for an error id, and what a sealed
// one may hold.
func FuzzErrorID(f *testing.F) {
	ids := NewErrorIDs(plainBox{})
	good := ids.New(Refusal{
		Cause: CauseDisabled, OrganizationID: PrefixOrganization + strings.Repeat("a", 26),
		Credential: Principal{ActorClient, PrefixClient + strings.Repeat("a", 26)}, At: time.Unix(1_900_000_000, 0),
	})
	sealed, err := base64.RawURLEncoding.DecodeString(good[len(errorIDPrefix):])
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good, sealed[len(refusalContext):])
	f.Add("err_", []byte{})
	f.Add(good[4:], make([]byte, refusalBytes))
	f.Add("err_\x00", bytes.Repeat([]byte{0xff}, refusalBytes))
	f.Fuzz(func(t *testing.T, text string, raw []byte) {
		for _, id := range []string{text, errorIDPrefix + base64.RawURLEncoding.EncodeToString(plainBox{}.Seal(raw, refusalContext))} {
			r, err := ids.Open(id)
			if err != nil {
				if (r != Refusal{}) {
					t.Errorf("%q: got %+v with %v", id, r, err)
				}
				continue
			}
			if r.Cause.String() == "" || len(ids.New(r)) != len(id) {
				t.Errorf("%q says %+v, whose id has another length", id, r)
			}
			again, err := ids.Open(ids.New(r))
			if err != nil || again.Cause != r.Cause || !again.At.Equal(r.At) || again.OrganizationID != r.OrganizationID {
				t.Errorf("%q says %+v, whose id says %+v, %v", id, r, again, err)
			}
		}
	})
}
