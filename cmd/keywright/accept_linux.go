package main

import (
	"fmt"
	"net"

	"golang.org/x/sys/unix"
)

// ignoreSYN makes the kernel ignore whoever begins to connect, while those
// that are connecting or wait to be accepted still get through. Closing the
// listener right away would reset the latter, some of which have sent their
// request already. Whoever is ignored asks again and is refused in order.
func ignoreSYN(l net.Listener) error {
	const (
		flagsOffset = 13 // in the TCP header, where the filter begins to count
		flagSYN     = 0x02
	)
	program := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_B | unix.BPF_ABS, K: flagsOffset},
		{Code: unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K, Jt: 0, Jf: 1, K: flagSYN},
		{Code: unix.BPF_RET | unix.BPF_K, K: 0},          // drop
		{Code: unix.BPF_RET | unix.BPF_K, K: 0xffffffff}, // keep whole
	}
	tcp, ok := l.(*net.TCPListener)
	if !ok {
		return fmt.Errorf("%T is no TCP listener", l)
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return err
	}
	var attached error
	err = raw.Control(func(fd uintptr) {
		attached = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{
			Len: uint16(len(program)), Filter: &program[0],
		})
	})
	if err != nil {
		return err
	}
	return attached
}
