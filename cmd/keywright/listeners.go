package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/http"

	"keywright/configs"
	"keywright/internal/web"
)

// listener is one of the three, bound; handle is called before it serves.
type listener struct {
	name        string
	listener    net.Listener
	scheme      string
	tls         *tls.Config
	server      *http.Server
	connections connections
}

func (l *listener) handle(h http.Handler, logger *slog.Logger) {
	l.server = web.NewServer(h, logger)
	l.connections.watch(l.server)
}

func (l *listener) address() string { return l.listener.Addr().String() }

func (l *listener) url() string { return l.scheme + "://" + l.address() }

type listeners struct{ public, admin, metrics *listener }

func (l listeners) all() []*listener { return []*listener{l.public, l.admin, l.metrics} }

// bind takes all three addresses, or none.
func bind(ctx context.Context, cfg configs.Config) (_ listeners, err error) {
	ls := listeners{
		public:  &listener{name: "public", scheme: "http"},
		admin:   &listener{name: "admin", scheme: "http"},
		metrics: &listener{name: "metrics", scheme: "http"},
	}
	if cfg.AdminTLSCert != "" {
		certificate, err := tls.LoadX509KeyPair(cfg.AdminTLSCert, cfg.AdminTLSKey)
		if err != nil {
			return listeners{}, fmt.Errorf("KEYWRIGHT_ADMIN_TLS_CERT and KEYWRIGHT_ADMIN_TLS_KEY: %w", err)
		}
		ls.admin.scheme, ls.admin.tls = "https", &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	}
	var plain net.ListenConfig
	plain.SetMultipathTCP(false) // which takes no filter; see ignoreSYN
	for _, wanted := range []struct {
		l                 *listener
		variable, address string
	}{
		{ls.public, "KEYWRIGHT_PUBLIC_LISTEN", cfg.PublicListen},
		{ls.admin, "KEYWRIGHT_ADMIN_LISTEN", cfg.AdminListen},
		{ls.metrics, "KEYWRIGHT_METRICS_LISTEN", cfg.MetricsListen},
	} {
		if wanted.l.listener, err = plain.Listen(ctx, "tcp", wanted.address); err != nil {
			ls.close()
			return listeners{}, fmt.Errorf("%s: %w", wanted.variable, err)
		}
	}
	return ls, nil
}

// serve begins to answer. The channel tells when a listener fails.
func (l listeners) serve(logger *slog.Logger) <-chan error {
	failed := make(chan error, len(l.all()))
	for _, one := range l.all() {
		logger.Info("listening", "listener", one.name, "address", one.address(), "url", one.url())
		go func() {
			serve := one.server.Serve
			if one.tls != nil {
				one.server.TLSConfig = one.tls
				serve = func(ln net.Listener) error { return one.server.ServeTLS(ln, "", "") }
			}
			if err := serve(one.listener); !one.connections.last.Load() {
				failed <- fmt.Errorf("%s listener: %w", one.name, err)
			}
		}()
	}
	return failed
}

// close gives the addresses back. Closing twice does no harm.
func (l listeners) close() {
	for _, one := range l.all() {
		if one.listener != nil {
			one.listener.Close()
		}
	}
}

func (s *server) mountMetrics() {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", s.metrics.Handler())
	mux.HandleFunc("GET /livez", s.health.Livez)
	mux.HandleFunc("GET /readyz", s.health.Readyz)
	s.listeners.metrics.handle(mux, s.logger)
}
