package testserver

import "syscall"

// Lifeline ends a process with the test binary, also when that is killed.
func Lifeline() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
