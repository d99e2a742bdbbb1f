package password

import (
	"context"
	"io"
)

// Bench is where passwords are hashed, so many at once: each takes 64 MiB.
// Those that come later wait.
type Bench struct {
	random io.Reader
	seats  chan struct{}
}

// NewBench returns a bench with that many seats, which draws salts from random.
func NewBench(random io.Reader, seats int) *Bench {
	return &Bench{random, make(chan struct{}, seats)}
}

// Hash is Hash, once a seat is free.
func (b *Bench) Hash(password string) (string, error) {
	b.seats <- struct{}{}
	defer func() { <-b.seats }()
	return Hash(b.random, password)
}

// Verify is Verify, once a seat is free; it fails if ctx is done before. An
// empty hash is that of no password, and takes as long to find out.
func (b *Bench) Verify(ctx context.Context, hash, password string) (bool, error) {
	select {
	case b.seats <- struct{}{}:
	case <-ctx.Done():
		return false, ctx.Err()
	}
	defer func() { <-b.seats }()
	if hash == "" {
		_, err := Verify(none, password)
		return false, err
	}
	return Verify(hash, password)
}
