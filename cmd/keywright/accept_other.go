//go:build !linux

package main

import (
	"errors"
	"net"
)

// ignoreSYN is known for Linux alone. Elsewhere a connection that waits to be
// accepted when its listener closes is reset.
func ignoreSYN(net.Listener) error { return errors.ErrUnsupported }
