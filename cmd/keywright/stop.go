package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// drainTimeout bounds the last flush of the usage counts.
	drainTimeout = 5 * time.Second

	// handshakeTime is how long those may take that were connecting when no
	// further ones were let in.
	handshakeTime = 100 * time.Millisecond

	// idleGrace is how long a connection that waits for a request is left
	// open, after its listener is closed, for one that is on its way.
	idleGrace = 500 * time.Millisecond

	// stopPoll is how often the open connections are looked at.
	stopPoll = 5 * time.Millisecond
)

// stop ends the listeners so that no request in flight is dropped. For
// StopDelay everything goes on while /readyz says no, so that balancers turn
// away by themselves. Then the listeners take no more connections and finish
// those they have. The metrics go last.
func (s *server) stop() {
	s.logger.Info("stopping", "delay", s.cfg.StopDelay.String(), "timeout", s.cfg.StopTimeout.String())
	s.health.Stop()
	time.Sleep(s.cfg.StopDelay)

	ctx, cancel := context.WithTimeout(context.Background(), s.cfg.StopTimeout)
	defer cancel()
	var both sync.WaitGroup
	for _, l := range []*listener{s.listeners.public, s.listeners.admin} {
		both.Go(func() { l.finish(ctx, s) })
	}
	both.Wait()
	s.listeners.metrics.finish(ctx, s)
}

// finish closes the listener and waits for its connections. http.Server's own
// Shutdown throws away a request that it reads after the call, and closes idle
// connections under requests that are on their way; so it comes last.
func (l *listener) finish(ctx context.Context, s *server) {
	if err := ignoreSYN(l.listener); err == nil {
		time.Sleep(handshakeTime)
	} else {
		s.logger.Debug("connections that wait to be accepted may be reset", "listener", l.name, "error", err)
	}
	l.connections.last.Store(true)
	l.listener.Close()
	grace := time.Now().Add(idleGrace)
	for ctx.Err() == nil && l.connections.wait(time.Now().Before(grace)) {
		time.Sleep(stopPoll)
	}
	err := l.server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		s.logger.Warn("requests in flight were cut off", "listener", l.name)
		err = l.server.Close()
	}
	if err != nil && !errors.Is(err, net.ErrClosed) {
		s.logger.Warn("a listener did not close in order", "listener", l.name, "error", err)
	}
}

// connections are those that a server has open.
type connections struct {
	last atomic.Bool // answers are the last on their connection

	mu    sync.Mutex
	state map[net.Conn]http.ConnState
}

// watch makes a server keep its connections here.
func (c *connections) watch(srv *http.Server) {
	c.state = map[net.Conn]http.ConnState{}
	srv.ConnState = func(conn net.Conn, state http.ConnState) {
		c.mu.Lock()
		defer c.mu.Unlock()
		if state == http.StateClosed || state == http.StateHijacked {
			delete(c.state, conn)
			return
		}
		c.state[conn] = state
	}
	next := srv.Handler
	srv.Handler = http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if c.last.Load() {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, req)
	})
}

// wait tells whether there is a connection to wait for: one with a request,
// or any, if those without one are waited for too.
func (c *connections) wait(idle bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, state := range c.state {
		if idle || state == http.StateActive {
			return true
		}
	}
	return false
}

func (s *server) drainLedger() {
	ctx, cancel := context.WithTimeout(context.Background(), drainTimeout)
	defer cancel()
	if err := s.ledger.Drain(ctx); err != nil {
		s.logger.Error("usage counts were lost", "error", err)
		return
	}
	s.logger.Info("stopped")
}
