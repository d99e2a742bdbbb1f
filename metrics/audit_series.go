package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"keywright/registry"
)

// maxChains is how many organizations have series of their audit chain: those
// whose chain moved last.
const maxChains = 200

// auditSeries collects the heads of the audit chains. They are kept where the
// metrics are kept, out of reach of who can write to the database: a sequence
// that goes down, or a fingerprint that keywright audit verify --head or a
// second look at that sequence does not find again, says that events were
// taken away.
//
// A head is that of this process: over replicas, the one with the highest
// sequence counts. The fingerprint is the first 48 bits of the event's HMAC,
// which a floating point number holds exactly.
type auditSeries struct{ heads func() []registry.AuditHead }

var (
	chainLabels       = []string{"organization"}
	chainSequenceDesc = prometheus.NewDesc(namespace+"_audit_chain_sequence",
		"Sequence of the newest audit event that this process wrote. It never goes down.", chainLabels, nil)
	chainFingerprintDesc = prometheus.NewDesc(namespace+"_audit_chain_fingerprint",
		"First 48 bits of the HMAC of that event, as keywright audit verify prints it.", chainLabels, nil)
	chainDroppedDesc = prometheus.NewDesc(namespace+"_audit_chain_series_dropped",
		"Organizations whose audit chain has no series.", nil, nil)
)

// WatchAudit adds the series of the audit chains; heads returns the one that
// moved last first.
func (m *Metrics) WatchAudit(heads func() []registry.AuditHead) {
	m.registry.MustRegister(auditSeries{heads})
}

// Describe is part of prometheus.Collector.
func (s auditSeries) Describe(out chan<- *prometheus.Desc) {
	out <- chainSequenceDesc
	out <- chainFingerprintDesc
	out <- chainDroppedDesc
}

// Collect is part of prometheus.Collector.
func (s auditSeries) Collect(out chan<- prometheus.Metric) {
	heads := s.heads()
	shown := heads[:min(len(heads), maxChains)]
	for _, h := range shown {
		out <- prometheus.MustNewConstMetric(chainSequenceDesc, prometheus.GaugeValue, float64(h.Sequence), h.OrganizationID)
		out <- prometheus.MustNewConstMetric(chainFingerprintDesc, prometheus.GaugeValue, float64(h.Fingerprint()), h.OrganizationID)
	}
	out <- prometheus.MustNewConstMetric(chainDroppedDesc, prometheus.GaugeValue, float64(len(heads)-len(shown)))
}
