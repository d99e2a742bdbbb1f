package seal_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"keywright/internal/seal"
)

var (
	keyA = base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{'a'}, seal.KeyBytes))
	keyB = base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{'b'}, seal.KeyBytes))
	here = []byte("keys/1")
)

func master(t *testing.T, text string) *seal.Master {
	t.Helper()
	m, err := seal.ParseMaster(text, rand.Reader)
	if err != nil {
		t.Fatalf("ParseMaster: %v", err)
	}
	return m
}

func TestMasterRefusesBadKeys(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "hush-hush", keyA + ",", base64.StdEncoding.EncodeToString([]byte("hush-hush"))} {
		_, err := seal.ParseMaster(text, rand.Reader)
		if err == nil {
			t.Errorf("ParseMaster(%q) took it", text)
			continue
		}
		if len(text) > 0 && strings.Contains(err.Error(), text) {
			t.Errorf("the error repeats the key: %v", err)
		}
	}
}

func TestMasterRotation(t *testing.T) {
	t.Parallel()
	old, both, fresh := master(t, keyA), master(t, keyB+", "+keyA), master(t, keyB)
	sealed, err := old.Seal([]byte("value"), here)
	if err != nil {
		t.Fatal(err)
	}
	got, err := both.Open(sealed, here)
	if err != nil || string(got) != "value" {
		t.Errorf("the ring opened %q, %v; want value", got, err)
	}
	if !old.Current(sealed) || both.Current(sealed) {
		t.Errorf("Current: old ring %t, new ring %t; want true, false", old.Current(sealed), both.Current(sealed))
	}
	if _, err := fresh.Open(sealed, here); !errors.Is(err, seal.ErrUnknownKey) {
		t.Errorf("another key: got %v, want ErrUnknownKey", err)
	}
}

func TestSealedValuesAreBound(t *testing.T) {
	t.Parallel()
	m := master(t, keyA)
	box, err := seal.NewBox(rand.Reader, bytes.Repeat([]byte{1}, seal.KeyBytes))
	if err != nil {
		t.Fatal(err)
	}
	byMaster, err := m.Seal([]byte("value"), here)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		sealed []byte
		open   func(sealed, context []byte) ([]byte, error)
	}{
		"master": {byMaster, m.Open},
		"box":    {box.Seal([]byte("value"), here), box.Open},
	} {
		if got, err := c.open(c.sealed, here); err != nil || string(got) != "value" {
			t.Errorf("%s: got %q, %v; want value", name, got, err)
		}
		if _, err := c.open(c.sealed, []byte("keys/2")); !errors.Is(err, seal.ErrCorrupt) {
			t.Errorf("%s in another context: got %v, want ErrCorrupt", name, err)
		}
		for i := range c.sealed {
			if _, err := c.open(c.sealed[:i], here); err == nil {
				t.Errorf("%s cut to %d bytes opened", name, i)
			}
			changed := bytes.Clone(c.sealed)
			changed[i] ^= 1
			if _, err := c.open(changed, here); err == nil {
				t.Errorf("%s with byte %d changed opened", name, i)
			}
		}
	}
}

func TestBoxRotation(t *testing.T) {
	t.Parallel()
	first, second := bytes.Repeat([]byte{1}, seal.KeyBytes), bytes.Repeat([]byte{2}, seal.KeyBytes)
	old, err := seal.NewBox(rand.Reader, first)
	if err != nil {
		t.Fatal(err)
	}
	both, err := seal.NewBox(rand.Reader, second, first)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := both.Open(old.Seal([]byte("value"), here), here); err != nil || string(got) != "value" {
		t.Errorf("the older key: got %q, %v; want value", got, err)
	}
	if _, err := old.Open(both.Seal([]byte("value"), here), here); err == nil {
		t.Error("a value sealed under the new key opened under the old")
	}
	if _, err := seal.NewBox(rand.Reader); err == nil {
		t.Error("a box without a key was made")
	}
}
