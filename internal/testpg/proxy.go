package testpg

import (
	"bytes"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// Proxy stands between one process and Postgres as the network between them,
// so that a test can disturb it: one that Freeze has taken hold of swallows
// everything without a word, and Cut tears connections. What was sent before
// the freeze, or during it, arrives after the Thaw, a COMMIT too.
type Proxy struct {
	listener        net.Listener
	database        url.URL
	network, server string // where Postgres is
	working         sync.WaitGroup

	mu     sync.Mutex
	flows  *sync.Cond // signalled when frozen or closed changes
	frozen bool
	deaf   bool
	closed bool
	links  map[*link]struct{}
}

// link is one connection through the proxy.
type link struct {
	client, server net.Conn // server is nil until it was connected
	listens        bool     // the client has sent LISTEN
	muted          bool     // something was kept from the client: it cannot go on
}

// NewProxy starts a proxy to the database of that URL, which ends with the
// test.
func NewProxy(t testing.TB, databaseURL string) *Proxy {
	t.Helper()
	config, err := pgconn.ParseConfig(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{database: *u, links: map[*link]struct{}{}}
	p.flows = sync.NewCond(&p.mu)
	p.network, p.server = pgconn.NetworkAddress(config.Host, config.Port)
	if p.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	p.working.Go(p.accept)
	t.Cleanup(p.close)
	return p
}

// URL is that of the database, through the proxy.
func (p *Proxy) URL() string {
	u := p.database
	u.Host = p.listener.Addr().String()
	u.RawQuery = "sslmode=disable" // the proxy reads what is said
	return u.String()
}

// Freeze holds everything up, new connections too, until Thaw.
func (p *Proxy) Freeze() { p.set(func() { p.frozen = true }) }

// Thaw lets everything flow again.
func (p *Proxy) Thaw() { p.set(func() { p.frozen = false }) }

// Deafen keeps from the client what the server says on connections that
// listen, until Hear: its notifications are lost, and nobody notices.
func (p *Proxy) Deafen() { p.set(func() { p.deaf = true }) }

// Hear ends Deafen. Connections that lost something are cut.
func (p *Proxy) Hear() {
	p.set(func() {
		p.deaf = false
		for l := range p.links {
			if l.muted {
				l.cut()
			}
		}
	})
}

// Cut tears all connections. New ones may be made at once.
func (p *Proxy) Cut() {
	p.set(func() {
		for l := range p.links {
			l.cut()
		}
	})
}

// set changes the state and wakes what waits for that.
func (p *Proxy) set(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
	p.flows.Broadcast()
}

func (p *Proxy) close() {
	p.listener.Close()
	p.set(func() {
		p.closed = true
		for l := range p.links {
			l.cut()
		}
	})
	p.working.Wait()
}

func (p *Proxy) accept() {
	for {
		conn, err := p.listener.Accept()
		if err != nil {
			return // closed
		}
		p.working.Go(func() { p.connect(&link{client: conn}) })
	}
}

// connect carries one connection to its end.
func (p *Proxy) connect(l *link) {
	defer l.client.Close()
	p.set(func() { p.links[l] = struct{}{} })
	defer p.set(func() { delete(p.links, l) })
	if !p.flow() {
		return
	}
	server, err := net.Dial(p.network, p.server)
	if err != nil {
		return // there is no Postgres for now
	}
	defer server.Close()
	p.set(func() { l.server = server })
	var answering sync.WaitGroup
	defer answering.Wait()
	answering.Go(func() {
		defer l.client.Close()
		p.carry(l, l.client, server, p.hears)
	})
	defer server.Close()
	p.carry(l, server, l.client, p.says)
}

// carry copies what comes from a connection to the other, as far as pass lets it.
func (p *Proxy) carry(l *link, to io.Writer, from io.Reader, pass func(*link, []byte) bool) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if !p.flow() {
			return
		}
		if n > 0 && pass(l, buffer[:n]) {
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// flow waits until the proxy is not frozen, and tells whether it goes on.
func (p *Proxy) flow() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.frozen && !p.closed {
		p.flows.Wait()
	}
	return !p.closed
}

// says takes note of a client that begins to listen.
func (p *Proxy) says(l *link, message []byte) bool {
	if bytes.Contains(message, []byte("LISTEN ")) {
		p.mu.Lock()
		defer p.mu.Unlock()
		l.listens = true
	}
	return true
}

// hears tells whether the client may be told what the server says.
func (p *Proxy) hears(l *link, _ []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.deaf && l.listens {
		l.muted = true
	}
	return !l.muted
}

// cut closes both ends; what carries them sees it.
func (l *link) cut() {
	l.client.Close()
	if l.server != nil {
		l.server.Close()
	}
}
