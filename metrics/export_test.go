package metrics

import "github.com/prometheus/client_golang/prometheus"

// Gatherer lets tests lint the collectors.
func Gatherer(m *Metrics) prometheus.Gatherer { return m.registry }

// Limit gives a ledger another bound than MaxPending.
func Limit(l *Ledger, places int64) *Ledger {
	l.places = places
	return l
}
