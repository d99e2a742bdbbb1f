package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// WatchSigningKey adds the age of the signing key in use.
func (m *Metrics) WatchSigningKey(age func() time.Duration) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: namespace, Name: "signing_key_age_seconds",
		Help: "Time since the signing key in use became active.",
	}, func() float64 { return age().Seconds() }))
}
