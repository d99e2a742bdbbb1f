package metrics

import (
	"cmp"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"keywright/registry"
)

// maxWatched is how many watched credentials have series, besides the most used.
const maxWatched = 1000

// count is what this process saw of one credential since it started. Sums and
// maxima over replicas are therefore right.
type count struct {
	uses     uint64
	lastUsed time.Time
	watch    bool // as of the last use
}

func (l *Ledger) count(u registry.Use) {
	a := account{u.Kind, u.ID}
	c, known := l.counts[a]
	if !known && len(l.counts) >= MaxAccounts {
		return
	}
	if u.Counted {
		c.uses++
	}
	if u.At.After(c.lastUsed) {
		c.lastUsed = u.At
	}
	c.watch = u.Watch
	l.counts[a] = c
}

// series is one credential that is shown.
type series struct {
	account
	count
}

// mostUsed returns the watched credentials, up to maxWatched, then the n most
// used of the others, and how many it left out.
func (l *Ledger) mostUsed(n int) (shown []series, left int) {
	l.mu.Lock()
	all := make([]series, 0, len(l.counts))
	for a, c := range l.counts {
		all = append(all, series{a, c})
	}
	l.mu.Unlock()

	slices.SortFunc(all, func(a, b series) int {
		return cmp.Or(cmp.Compare(b.uses, a.uses), cmp.Compare(a.kind, b.kind), cmp.Compare(a.id, b.id))
	})
	watched, others := 0, 0
	for _, s := range all {
		switch {
		case s.watch && watched < maxWatched:
			watched++
		case !s.watch && others < n:
			others++
		default:
			left++
			continue
		}
		shown = append(shown, s)
	}
	return shown, left
}

// credentialSeries collects the series of single credentials.
type credentialSeries struct {
	ledger *Ledger
	limit  int
}

var (
	credentialLabels = []string{"type", "credential_id"}
	usageDesc        = prometheus.NewDesc(namespace+"_credential_usage_total",
		"Tokens issued to a client, or validations of an API token, by this process.", credentialLabels, nil)
	lastUsedDesc = prometheus.NewDesc(namespace+"_credential_last_used_timestamp_seconds",
		"When the credential last authenticated at this process.", credentialLabels, nil)
	seriesDroppedDesc = prometheus.NewDesc(namespace+"_credential_usage_series_dropped",
		"Credentials in use that have no usage series of their own.", nil, nil)
)

// Describe is part of prometheus.Collector.
func (s *credentialSeries) Describe(out chan<- *prometheus.Desc) {
	out <- usageDesc
	out <- lastUsedDesc
	out <- seriesDroppedDesc
}

// Collect is part of prometheus.Collector.
func (s *credentialSeries) Collect(out chan<- prometheus.Metric) {
	shown, left := s.ledger.mostUsed(s.limit)
	for _, c := range shown {
		out <- prometheus.MustNewConstMetric(usageDesc, prometheus.CounterValue, float64(c.uses), c.kind, c.id)
		out <- prometheus.MustNewConstMetric(lastUsedDesc, prometheus.GaugeValue, float64(c.lastUsed.UnixMicro())/1e6, c.kind, c.id)
	}
	out <- prometheus.MustNewConstMetric(seriesDroppedDesc, prometheus.GaugeValue, float64(left))
}

func ledgerSeries(l *Ledger) []prometheus.Collector {
	return []prometheus.Collector{
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Namespace: namespace, Name: "usage_flush_lag_seconds",
			Help: "Age of the oldest use that is not in the totals yet.",
		}, func() float64 { return l.Lag().Seconds() }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Namespace: namespace, Name: "usage_dropped_total",
			Help: "Uses that were not counted because too many credentials waited for the database.",
		}, func() float64 { return float64(l.Dropped()) }),
	}
}
