//go:build !linux

package main

import "syscall"

// lifeline is known for Linux alone: elsewhere a server outlives a test binary
// that is killed.
func lifeline() *syscall.SysProcAttr { return nil }
