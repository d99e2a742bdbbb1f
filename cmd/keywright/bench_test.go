package main

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"keywright/registry"
)

const benchConnections = 16

var (
	benchClients = flag.Int("clients", 1_000_000, "how many clients BenchmarkServer puts into Postgres in the end")
	benchTable   = flag.String("table", "", "file into which BenchmarkServer writes its table, between the marks that it has")
)

// BenchmarkServer measures the server over loopback TCP, on 16 connections
// that are kept alive, each beside a bare Gin handler that answers a body of
// the same size in the same run. The log is written, to nowhere. Next to ns/op
// it reports requests per second, their ratio to those of the bare handler,
// the median and the 99th percentile, and SQL statements per request, BEGIN
// and COMMIT included but not those by which replicas follow the changes;
// allocations are those of the server, as the caller makes none.
func BenchmarkServer(b *testing.B) {
	var rows table
	for _, database := range []string{"postgres", "sqlite"} {
		b.Run(database, func(b *testing.B) {
			m := &meter{servers: []*benchServer{newBenchServer(b, database)}, rows: &rows, database: database, population: 1}
			m.everything(b)
			if database == "postgres" {
				m.manyClients(b)
			}
		})
	}
	rows.write(b, *benchTable)
}

// meter measures one state of affairs: so many servers, so many clients.
type meter struct {
	servers    []*benchServer // on one database
	rows       *table
	database   string
	population int // clients in the database; one is a handful
	accessed   int // of those, that the load is about; 0: one
}

// everything measures each kind of request with one client.
func (m *meter) everything(b *testing.B) {
	s := m.servers[0]
	for _, format := range []string{registry.FormatOpaque, registry.FormatJWT} {
		m.measure(b, "issue "+format, same(s.request("/oauth2/token", s.clients[format], grantForm)))
	}
	opaque, jwt := s.token(b, s.clients[registry.FormatOpaque]), s.token(b, s.clients[registry.FormatJWT])
	m.measure(b, "introspect opaque", same(s.introspection(opaque)))
	m.measure(b, "introspect jwt, seen before", same(s.introspection(jwt)))
	m.neverSeen(b, jwt)
	m.measure(b, "introspect API token", same(s.introspection(s.apiToken)))
	m.measure(b, "verify opaque", same(verification(opaque)))
	m.measure(b, "verify jwt, seen before", same(verification(jwt)))
	m.measure(b, "verify API token", same(verification(s.apiToken)))
	unknown := credential{registry.PrefixClient + benchID(b, -1), s.resourceServer.Secret}
	m.refused(b, "issue to an unknown client", same(s.request("/oauth2/token", unknown, grantForm)))
}

// manyClients measures what the number of clients and of servers changes.
func (m *meter) manyClients(b *testing.B) {
	s := m.servers[0]
	some := min(10_000, *benchClients)
	ids := s.populate(b, 0, some)
	m.population, m.accessed = some, some
	m.uniform(b, ids)
	two := *m
	two.servers = append([]*benchServer{s.sibling(b)}, m.servers...)
	two.uniform(b, ids)
	two.one(b)

	all := slices.Concat(ids, s.populate(b, some, *benchClients))
	m.population = *benchClients
	m.uniform(b, ids)
	m.one(b)
	m.accessed = *benchClients
	m.measure(b, "issue opaque", m.issues(all))
}

// one measures requests about one of the clients, beside those about many.
func (m *meter) one(b *testing.B) {
	only, s := *m, m.servers[len(m.servers)-1] // the one that made it
	only.accessed = 1
	only.measure(b, "issue opaque", same(s.request("/oauth2/token", s.clients[registry.FormatOpaque], grantForm)))
	only.measure(b, "introspect opaque", same(s.introspection(s.token(b, s.clients[registry.FormatOpaque]))))
}

// uniform measures requests about any of the clients that are accessed.
func (m *meter) uniform(b *testing.B, ids []string) {
	s := m.servers[0]
	for _, each := range m.servers {
		m.warm(b, each.address, ids)
	}
	m.measure(b, "issue opaque", m.issues(ids))
	like, err := s.keys.ParseAccessToken(s.token(b, m.servers[len(m.servers)-1].clients[registry.FormatOpaque]))
	if err != nil {
		b.Fatal(err)
	}
	var requests [][]byte
	for i := range m.accessed {
		like.ClientID, like.SecretID = ids[i], registry.PrefixSecretRecord+strings.TrimPrefix(ids[i], registry.PrefixClient)
		token, err := s.keys.Seal(like)
		if err != nil {
			b.Fatal(err)
		}
		requests = append(requests, m.servers[len(m.servers)-1].introspection(token))
	}
	m.measure(b, "introspect opaque", anyOf(requests))
}

// warm sends a request of each client that is accessed.
func (m *meter) warm(b *testing.B, address string, ids []string) {
	b.Helper()
	var working errgroup.Group
	for first := range benchConnections {
		working.Go(func() error {
			c := dial(b, address)
			defer c.Close()
			s := m.servers[len(m.servers)-1]
			for i := first; i < m.accessed; i += benchConnections {
				request := s.request("/oauth2/token", credential{ids[i], s.clients[registry.FormatOpaque].Secret}, grantForm)
				if _, err := c.exchange(request); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := working.Wait(); err != nil {
		b.Fatal(err)
	}
}

// issues are token requests of any of the clients that are accessed. They
// have one secret.
func (m *meter) issues(ids []string) func(*rand.Rand) func() []byte {
	last := m.servers[len(m.servers)-1] // the one that made them
	secret := last.clients[registry.FormatOpaque].Secret
	accessed := m.accessed
	return func(r *rand.Rand) func() []byte {
		like := last.request("/oauth2/token", credential{ids[0], secret}, grantForm)
		at := bytes.Index(like, []byte("Basic ")) + len("Basic ")
		pair := []byte(ids[0] + ":" + secret)
		return func() []byte {
			copy(pair, ids[r.IntN(accessed)])
			base64.StdEncoding.Encode(like[at:], pair)
			return like
		}
	}
}

// neverSeen measures the introspection of JWTs that nobody has seen before.
func (m *meter) neverSeen(b *testing.B, jwt string) {
	s := m.servers[0]
	like, err := s.keys.ParseAccessToken(jwt)
	if err != nil {
		b.Fatal(err)
	}
	made := 0
	m.measureWith(b, "introspect jwt, never seen before", false, func(b *testing.B) func(*rand.Rand) func() []byte {
		n := b.N + 1 + len(m.servers) // one for the size of the answer, one to warm each server
		requests := make(chan []byte, n)
		for range n {
			made++
			like.JTI = fmt.Sprint("never seen before ", made)
			token, err := s.keys.Sign(like)
			if err != nil {
				b.Fatal(err)
			}
			requests <- s.introspection(token)
		}
		return func(*rand.Rand) func() []byte { return func() []byte { return <-requests } }
	})
}

func (m *meter) measure(b *testing.B, name string, requests func(*rand.Rand) func() []byte) {
	m.measureWith(b, name, false, func(*testing.B) func(*rand.Rand) func() []byte { return requests })
}

func (m *meter) refused(b *testing.B, name string, requests func(*rand.Rand) func() []byte) {
	m.measureWith(b, name, true, func(*testing.B) func(*rand.Rand) func() []byte { return requests })
}

// benchRounds is how often a row is measured, each time right after the bare handler.
// The round whose ratio lies in the middle counts.
const benchRounds = 3

// measureWith sends the same load to a bare handler and to the servers.
func (m *meter) measureWith(b *testing.B, name string, refused bool, prepare func(*testing.B) func(*rand.Rand) func() []byte) {
	var measured table
	for range benchRounds {
		r := row{name: name, database: m.database, servers: len(m.servers), population: m.population, accessed: max(m.accessed, 1)}
		m.round(b, &r, refused, prepare)
		if r.own.perSecond > 0 { // it was chosen
			measured = append(measured, r)
		}
	}
	if len(measured) > 0 {
		slices.SortFunc(measured, func(a, b row) int { return cmp.Compare(a.ratio(), b.ratio()) })
		*m.rows = append(*m.rows, measured[len(measured)/2])
	}
}

func (m *meter) round(b *testing.B, r *row, refused bool, prepare func(*testing.B) func(*rand.Rand) func() []byte) {
	var addresses []string
	for _, s := range m.servers {
		addresses = append(addresses, s.address)
	}
	b.Run(r.benchmark()+"/bare", func(b *testing.B) {
		requests := prepare(b)
		size := answerSize(b, addresses[0], refused, requests)
		r.bare = workload{[]string{bareServer(b, size)}, requests, false}.run(b)
		b.ReportMetric(r.bare.perSecond, "requests/s")
	})
	b.Run(r.benchmark(), func(b *testing.B) {
		requests := prepare(b)
		for _, address := range addresses {
			answerSize(b, address, refused, requests) // what is asked for again is in memory from here on
		}
		before := m.statements()
		r.own = workload{addresses, requests, refused}.run(b)
		r.statements = float64(m.statements()-before) / float64(b.N)
		b.ReportMetric(r.own.perSecond, "requests/s")
		b.ReportMetric(r.ratio(), "of-bare")
		b.ReportMetric(float64(r.own.p50.Microseconds()), "p50-µs")
		b.ReportMetric(float64(r.own.p99.Microseconds()), "p99-µs")
		b.ReportMetric(r.statements, "statements/op")
	})
}

func (m *meter) statements() (all int64) {
	for _, s := range m.servers {
		all += s.statements.Load()
	}
	return all
}

func answerSize(b *testing.B, address string, refused bool, requests func(*rand.Rand) func() []byte) int {
	b.Helper()
	c := dial(b, address)
	defer c.Close()
	c.refused = refused
	size, err := c.exchange(requests(rand.New(rand.NewPCG(2, 2)))())
	if err != nil {
		b.Fatal(err)
	}
	return size
}

var grantForm = url.Values{"grant_type": {"client_credentials"}}

func (s *benchServer) introspection(token string) []byte {
	return s.request("/oauth2/introspect", s.resourceServer, url.Values{"token": {token}})
}

func verification(token string) []byte {
	return fmt.Appendf(nil, "GET /verify?audience=%s HTTP/1.1\r\nHost: keywright\r\nAuthorization: Bearer %s\r\n\r\n",
		url.QueryEscape(testAPI), token)
}
