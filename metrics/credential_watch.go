package metrics

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"keywright/registry"
)

// CredentialWatch shows what the server finds when it looks over all
// credentials now and then.
//
// How many there are is shown as it was counted in the database last, and not
// before the first count. Every replica counts all of them:
// over replicas the maximum is right, not the sum. A mark is counted by the
// replica that made it: there the sum is right.
type CredentialWatch struct {
	marks *counter

	mu      sync.Mutex
	counts  registry.CredentialCounts
	counted bool
	looked  time.Time
}

var (
	credentialsDesc = prometheus.NewDesc(namespace+"_credentials",
		"Credentials by status.", []string{"type", "status"}, nil)
	credentialsExpiringDesc = prometheus.NewDesc(namespace+"_credentials_expiring",
		"What expires within a time, shorter times included.", []string{"type", "within"}, nil)
	overdueRotationDesc = prometheus.NewDesc(namespace+"_secrets_overdue_rotation",
		"Live secrets, keys and API tokens as old as the rotation age of their organization.", nil, nil)
	credentialsCountedDesc = prometheus.NewDesc(namespace+"_credentials_counted_timestamp_seconds",
		"When the credentials were last counted, warned of and looked at without an error; before that, when the process started.", nil, nil)
)

// WatchCredentials adds the series of a CredentialWatch. The time of its last
// look is at first that of the start, so that its age tells of a server that
// never could look, too.
func (m *Metrics) WatchCredentials(started time.Time) *CredentialWatch {
	w := &CredentialWatch{looked: started, marks: newCounter("usage_marks_total", "Odd uses of credentials that this process marked.", "mark")}
	for _, mark := range registry.Marks {
		w.marks.vec.WithLabelValues(mark) // shown from the start
	}
	m.registry.MustRegister(w, w.marks.vec)
	return w
}

// Counted shows these counts from now on.
func (w *CredentialWatch) Counted(counts registry.CredentialCounts) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.counts, w.counted = counts, true
}

// Looked says that a whole look was without an error.
func (w *CredentialWatch) Looked(at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.looked = at
}

// Marked counts marks that this process made.
func (w *CredentialWatch) Marked(marks []registry.UsageMark) {
	for _, m := range marks {
		w.marks.inc(m.Mark)
	}
}

// Describe is part of prometheus.Collector.
func (w *CredentialWatch) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{credentialsDesc, credentialsExpiringDesc, overdueRotationDesc, credentialsCountedDesc} {
		out <- d
	}
}

// Collect is part of prometheus.Collector.
func (w *CredentialWatch) Collect(out chan<- prometheus.Metric) {
	w.mu.Lock()
	counts, counted, looked := w.counts, w.counted, w.looked
	w.mu.Unlock()
	show := func(desc *prometheus.Desc, value int64, labels ...string) {
		out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, float64(value), labels...)
	}
	show(credentialsCountedDesc, looked.Unix())
	if !counted {
		return
	}
	for _, kind := range []string{registry.CredentialClient, registry.CredentialAPIToken} {
		for _, status := range registry.Statuses {
			if kind != registry.CredentialAPIToken || status != registry.StatusPending {
				show(credentialsDesc, counts.Of(kind, status), kind, string(status))
			}
		}
	}
	for _, kind := range []string{registry.CredentialClient, registry.CredentialSecret, registry.CredentialAPIToken} {
		for _, window := range registry.ExpiryWindows {
			show(credentialsExpiringDesc, counts.Expiring(kind, window), kind, window.Name)
		}
	}
	show(overdueRotationDesc, counts.RotationDue())
}
