//go:build !linux

package testserver

import "syscall"

// Lifeline is known for Linux alone: elsewhere a process outlives a test binary
// that is killed.
func Lifeline() *syscall.SysProcAttr { return nil }
