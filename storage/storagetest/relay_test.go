package storagetest_test

import (
	"net"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
)

// relay stands before a Postgres and passes messages on, both ways.
type relay struct {
	pooler   bool         // gives a number of its own for the process of the server, as poolers do
	prepared atomic.Int64 // statements that would outlive their transaction
}

// relayTo returns the URL of a database behind a relay.
func relayTo(t *testing.T, source string, r *relay) string {
	t.Helper()
	u, err := url.Parse(source)
	if err != nil {
		t.Fatal(err)
	}
	socket := u.Query().Get("host")
	if socket == "" {
		t.Skip("the server of TEST_DATABASE_URL is not on a unix socket")
	}
	front, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { front.Close() })
	go func() {
		for {
			client, err := front.Accept()
			if err != nil {
				return // closed
			}
			server, err := net.Dial("unix", socket+"/.s.PGSQL.5432")
			if err != nil {
				client.Close()
				continue
			}
			go r.forth(client, server)
			go r.back(client, server)
		}
	}()
	u.Host, u.RawQuery = front.Addr().String(), "sslmode=disable"
	return u.String()
}

// forth passes on what the client says, until either ends.
func (r *relay) forth(client, server net.Conn) {
	defer server.Close()
	requests := pgproto3.NewBackend(client, server)
	start, err := requests.ReceiveStartupMessage()
	if err != nil || !pass(start, server) {
		return
	}
	for {
		message, err := requests.Receive()
		if err != nil || !pass(message, server) {
			return
		}
		if parse, ok := message.(*pgproto3.Parse); ok && parse.Name != "" {
			r.prepared.Add(1)
		}
	}
}

// back passes on what the server answers, until either ends.
func (r *relay) back(client, server net.Conn) {
	defer client.Close()
	answers := pgproto3.NewFrontend(server, client)
	for {
		message, err := answers.Receive()
		if err != nil {
			return
		}
		if key, ok := message.(*pgproto3.BackendKeyData); ok && r.pooler {
			key.ProcessID++
		}
		if !pass(message, client) {
			return
		}
	}
}

func pass(message pgproto3.Message, to net.Conn) bool {
	encoded, ok := message.(interface{ Encode([]byte) ([]byte, error) })
	if !ok {
		return false
	}
	packet, err := encoded.Encode(nil)
	if err != nil {
		return false
	}
	_, err = to.Write(packet)
	return err == nil
}
