package password_test

import (
	"context"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"keywright/internal/password"
)

func TestBench(t *testing.T) {
	t.Parallel()
	b := password.NewBench(rand.Reader, 1)
	hash, err := b.Hash("correct horse")
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		hash, text string
		want       bool
	}{{hash, "correct horse", true}, {hash, "wrong", false}, {"", "correct horse", false}, {"", "", false}} {
		if got, err := b.Verify(t.Context(), tc.hash, tc.text); err != nil || got != tc.want {
			t.Errorf("Verify(%q, %q) = %v, %v, want %v", tc.hash, tc.text, got, err, tc.want)
		}
	}
}

// TestNobodyCostsTheSame compares the work for a hash and for none by time,
// generously: without the work the difference is a thousandfold.
func TestNobodyCostsTheSame(t *testing.T) {
	t.Parallel()
	b := password.NewBench(rand.Reader, 1)
	hash, err := b.Hash("x")
	if err != nil {
		t.Fatal(err)
	}
	took := func(hash string) time.Duration {
		begun := time.Now()
		if _, err := b.Verify(t.Context(), hash, "y"); err != nil {
			t.Fatal(err)
		}
		return time.Since(begun)
	}
	if somebody, nobody := took(hash), took(""); nobody < somebody/20 {
		t.Errorf("a member takes %s, nobody %s", somebody, nobody)
	}
}

func TestBenchIsBounded(t *testing.T) {
	t.Parallel()
	b := password.NewBench(rand.Reader, 0) // no seat will ever be free
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Verify(ctx, "", "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want to have waited in vain", err)
	}
}
