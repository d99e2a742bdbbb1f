// Package metrics counts what Keywright does, for Prometheus and for the usage
// totals of credentials.
//
// Metrics holds the collectors; the edges call its methods. Ledger gathers
// uses of credentials in memory and adds them to the totals in batches, so
// that no request writes to the database to be counted. CredentialSeries shows
// the ledger's own counts per credential without unbounded label growth.
//
// The package knows nothing of HTTP routes, OAuth or SQL: what it counts it is
// told. It is the only one that names Prometheus.
package metrics

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const namespace = "keywright"

// durationBuckets reach from an answer out of memory to the longest deadline, in seconds.
var durationBuckets = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

// Build says which binary runs.
type Build struct {
	Version   string
	Commit    string
	GoVersion string
}

// Metrics are the collectors of one process.
type Metrics struct {
	registry *prometheus.Registry

	tokenRequests         *counter
	tokenDuration         prometheus.Histogram
	introspections        *counter
	introspectionDuration prometheus.Histogram
	revocations           *counter
	verifications         *counter
	clientAuthentications *counter
	adminRequests         *counter
	changeWait            prometheus.Histogram
}

// New returns the collectors of a process of that build, those of the Go
// runtime and of the process included.
func New(build Build) *Metrics {
	m := &Metrics{
		registry:              prometheus.NewRegistry(),
		tokenRequests:         newCounter("token_requests_total", "Token requests answered.", "grant_type", "outcome"),
		tokenDuration:         newDuration("token_request_duration_seconds", "Time to answer a token request."),
		introspections:        newCounter("introspections_total", "Introspection requests answered.", "credential_type", "outcome"),
		introspectionDuration: newDuration("introspection_duration_seconds", "Time to answer an introspection request."),
		revocations:           newCounter("revocations_total", "Revocation requests answered.", "outcome"),
		verifications:         newCounter("verify_requests_total", "Questions of gateways answered.", "outcome"),
		clientAuthentications: newCounter("client_authentications_total", "Attempts of clients to authenticate.", "method", "outcome"),
		adminRequests:         newCounter("admin_requests_total", "Requests to the admin listener answered.", "route", "method", "code"),
		changeWait:            newDuration("change_wait_seconds", "Time that a change waited for other replicas."),
	}
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Namespace: namespace, Name: "build_info", Help: "The binary that runs; always 1.",
		ConstLabels: prometheus.Labels{"version": build.Version, "commit": build.Commit, "go_version": build.GoVersion},
	})
	info.Set(1)
	m.registry.MustRegister(
		m.tokenRequests.vec, m.tokenDuration, m.introspections.vec, m.introspectionDuration, m.revocations.vec,
		m.verifications.vec,
		m.clientAuthentications.vec, m.adminRequests.vec, m.changeWait, info,
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

// Watch adds the ledger's series, and those of at most n credentials besides
// the watched ones. With n 0 no credential has series.
func (m *Metrics) Watch(l *Ledger, n int) {
	m.registry.MustRegister(ledgerSeries(l)...)
	if n > 0 {
		m.registry.MustRegister(&credentialSeries{ledger: l, limit: n})
	}
}

// Handler serves the metrics in the Prometheus text formats.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry})
}

// TokenRequest counts an answered token request.
func (m *Metrics) TokenRequest(grantType, outcome string, d time.Duration) {
	m.tokenRequests.inc(grantType, outcome)
	m.tokenDuration.Observe(d.Seconds())
}

// Introspection counts an answered introspection.
func (m *Metrics) Introspection(credentialType, outcome string, d time.Duration) {
	m.introspections.inc(credentialType, outcome)
	m.introspectionDuration.Observe(d.Seconds())
}

// Revocation counts an answered revocation.
func (m *Metrics) Revocation(outcome string) { m.revocations.inc(outcome) }

// Verification counts an answered question of a gateway.
func (m *Metrics) Verification(outcome string) { m.verifications.inc(outcome) }

// ClientAuthentication counts an attempt of a client to authenticate.
func (m *Metrics) ClientAuthentication(method, outcome string) {
	m.clientAuthentications.inc(method, outcome)
}

// AdminRequest counts an answered request to the admin listener. The route is
// its template, not its path.
func (m *Metrics) AdminRequest(route, method string, code int) {
	m.adminRequests.inc(route, method, strconv.Itoa(code))
}

// ChangeWaited takes note of how long a change waited for other replicas.
func (m *Metrics) ChangeWaited(d time.Duration) { m.changeWait.Observe(d.Seconds()) }

func newDuration(name, help string) prometheus.Histogram {
	return prometheus.NewHistogram(prometheus.HistogramOpts{
		Namespace: namespace, Name: name, Help: help, Buckets: durationBuckets,
	})
}
