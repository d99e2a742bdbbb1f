package metrics

import "github.com/prometheus/client_golang/prometheus"

// WatchReadiness adds whether the process should be sent requests. It is asked
// at each scrape, so that what is shown is never older than the scrape.
func (m *Metrics) WatchReadiness(ready func() bool) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: namespace, Name: "ready",
		Help: "Whether /readyz answers 200: 1, or 0 while the database does not answer or the process stops.",
	}, func() float64 {
		if ready() {
			return 1
		}
		return 0
	}))
}
