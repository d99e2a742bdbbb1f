package main

import "syscall"

// lifeline ends a server with the test binary, also when that is killed.
func lifeline() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
