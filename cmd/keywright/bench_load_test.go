package main

import (
	"bufio"
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
)

// workload is what one row of the table sends.
type workload struct {
	addresses []string // connections are spread over them
	// requests is called once for each connection and returns what it sends:
	// next may use the same bytes again.
	requests func(r *rand.Rand) (next func() []byte)
	refused  bool // it is refused: 401, and 429 for who goes on
}

// same sends one request again and again.
func same(request []byte) func(*rand.Rand) func() []byte {
	return func(*rand.Rand) func() []byte { return func() []byte { return request } }
}

// anyOf sends one of those, each as often as any other.
func anyOf(requests [][]byte) func(*rand.Rand) func() []byte {
	return func(r *rand.Rand) func() []byte {
		return func() []byte { return requests[r.IntN(len(requests))] }
	}
}

// measurement is what came of a workload.
type measurement struct {
	perSecond  float64
	p50, p99   time.Duration
	allocs     float64 // of the server, as the caller makes none, for each request
	allocBytes float64
}

// loads counts the loads so far, so that none chooses as one before it did.
var loads atomic.Uint64

// run sends b.N requests over benchConnections connections.
func (l workload) run(b *testing.B) measurement {
	b.Helper()
	connections := make([]*connection, benchConnections)
	for i := range connections {
		connections[i] = dial(b, l.addresses[i%len(l.addresses)])
		connections[i].refused = l.refused
		connections[i].took = make([]time.Duration, 0, 2*b.N/benchConnections+1)
	}
	seed := loads.Add(1)
	var left atomic.Int64
	left.Store(int64(b.N))
	var working sync.WaitGroup
	var before, after runtime.MemStats
	runtime.GC() // what was before is not paid for here
	runtime.ReadMemStats(&before)
	b.ReportAllocs()
	b.ResetTimer()
	for i, c := range connections {
		next := l.requests(rand.New(rand.NewPCG(seed, uint64(i))))
		working.Go(func() {
			for left.Add(-1) >= 0 {
				began := time.Now()
				if _, err := c.exchange(next()); err != nil {
					b.Error(err)
					return
				}
				c.took = append(c.took, time.Since(began))
			}
		})
	}
	working.Wait()
	b.StopTimer()
	runtime.ReadMemStats(&after)
	var all []time.Duration
	for _, c := range connections {
		all = append(all, c.took...)
		c.Close()
	}
	if len(all) == 0 {
		return measurement{}
	}
	slices.Sort(all)
	n := float64(b.N)
	return measurement{
		perSecond: n / b.Elapsed().Seconds(), p50: all[len(all)/2], p99: all[len(all)*99/100],
		allocs: float64(after.Mallocs-before.Mallocs) / n, allocBytes: float64(after.TotalAlloc-before.TotalAlloc) / n,
	}
}

// bareServer answers every request with a body of that size.
func bareServer(b *testing.B, size int) (address string) {
	b.Helper()
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	body := bytes.Repeat([]byte("x"), size)
	engine.NoRoute(func(g *gin.Context) { g.Data(http.StatusOK, "application/json", body) })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	srv := &http.Server{Handler: engine, ReadHeaderTimeout: patience}
	go func() { _ = srv.Serve(l) }() // until it is closed
	b.Cleanup(func() { srv.Close() })
	return l.Addr().String()
}

// connection is an HTTP client that allocates nothing, so that what is
// measured is the server.
type connection struct {
	net.Conn
	in      *bufio.Reader
	refused bool
	took    []time.Duration
}

func dial(b *testing.B, address string) *connection {
	b.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		b.Fatal(err)
	}
	return &connection{Conn: c, in: bufio.NewReader(c)}
}

// exchange sends a request and returns the length of the body of the answer.
func (c *connection) exchange(request []byte) (int, error) {
	if _, err := c.Write(request); err != nil {
		return 0, err
	}
	length := -1
	for first := true; ; first = false {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if first && !c.expected(line) {
			return 0, fmt.Errorf("answered %s", line)
		}
		if len(line) == 0 {
			break
		}
		if value, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if length, err = strconv.Atoi(string(value)); err != nil {
				return 0, err
			}
		}
	}
	if length < 0 {
		return 0, fmt.Errorf("the answer has no Content-Length")
	}
	_, err := c.in.Discard(length)
	return length, err
}

func (c *connection) expected(statusLine []byte) bool {
	if !c.refused {
		return bytes.HasPrefix(statusLine, []byte("HTTP/1.1 200 "))
	}
	return bytes.HasPrefix(statusLine, []byte("HTTP/1.1 401 ")) || bytes.HasPrefix(statusLine, []byte("HTTP/1.1 429 "))
}
