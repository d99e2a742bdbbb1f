package web

import (
	"log/slog"
	"net/http"
	"time"
)

// Limits of a connection. A slow caller holds a connection no longer than
// these say, whatever it sends.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 15 * time.Second
	writeTimeout      = 30 * time.Second // longer than any change may take; see registry.Store
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 32 << 10 // an access token may take 16 KiB of it
)

// NewServer returns a server for handler with every time limit set. What
// net/http has to say of broken connections goes to logger as warnings.
func NewServer(handler http.Handler, logger *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}
}
