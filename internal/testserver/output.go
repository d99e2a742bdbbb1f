package testserver

import (
	"bytes"
	"sync"
)

// Output is what a process, or a logger of the test itself, wrote so far.
type Output struct {
	// Wrote gets a value now and then after a write.
	Wrote chan struct{}

	mu   sync.Mutex
	text bytes.Buffer
}

// NewOutput returns an empty one.
func NewOutput() *Output { return &Output{Wrote: make(chan struct{}, 1)} }

// Write implements io.Writer.
func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	select {
	case o.Wrote <- struct{}{}:
	default:
	}
	return o.text.Write(p)
}

// String is all that was written.
func (o *Output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
