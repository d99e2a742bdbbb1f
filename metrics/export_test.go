package metrics

import "github.com/prometheus/client_golang/prometheus"

// Gatherer lets tests lint the collectors.
func Gatherer(m *Metrics) prometheus.Gatherer { return m.registry }
