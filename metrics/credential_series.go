package metrics

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"keywright/registry"
)

// maxWatched is how many watched credentials have series, besides the most used.
const maxWatched = 1000

// count is what this process saw of one credential since it started. Sums and
// maxima over replicas are therefore right.
type count struct {
	uses     uint64
	lastUsed int64 // Unix µs
	watch    bool  // as of the last use
}

func (l *Ledger) count(s *shard, of credential, u registry.Use) {
	c, known := s.counts[of]
	if !known {
		if l.counted.Load() >= MaxCredentials {
			return
		}
		l.counted.Add(1)
	}
	if u.Counted {
		c.uses++
	}
	c.lastUsed = max(c.lastUsed, u.At.UnixMicro())
	c.watch = u.Watch
	s.counts[of] = c
}

// series is one credential that is shown.
type series struct {
	credential
	count
}

// series appends those of the shard.
func (s *shard) series(to []series) []series {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, c := range s.counts {
		to = append(to, series{id, c})
	}
	return to
}

// ranking keeps the first of many series.
type ranking struct {
	limit int
	all   []series // at most twice the limit
}

func (r *ranking) add(s series) {
	r.all = append(r.all, s)
	if len(r.all) > 2*r.limit {
		r.cut()
	}
}

// cut returns the most used, in their order.
func (r *ranking) cut() []series {
	slices.SortFunc(r.all, func(a, b series) int {
		return cmp.Or(cmp.Compare(b.uses, a.uses), cmp.Compare(a.kind, b.kind), bytes.Compare(a.id[:], b.id[:]))
	})
	r.all = r.all[:min(len(r.all), r.limit)]
	return r.all
}

// mostUsed returns the watched credentials, up to maxWatched, then the n most
// used of the others, and how many it left out.
func (l *Ledger) mostUsed(n int) (shown []series, left int) {
	watched, others := ranking{limit: maxWatched}, ranking{limit: n}
	var some []series
	for i := range l.shards {
		some = l.shards[i].series(some[:0])
		left += len(some)
		for _, c := range some {
			if c.watch {
				watched.add(c)
			} else {
				others.add(c)
			}
		}
	}
	shown = slices.Concat(watched.cut(), others.cut())
	return shown, left - len(shown)
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
		out <- prometheus.MustNewConstMetric(usageDesc, prometheus.CounterValue, float64(c.uses), kinds[c.kind].name, c.kind.pack(c.id))
		out <- prometheus.MustNewConstMetric(lastUsedDesc, prometheus.GaugeValue, float64(c.lastUsed)/1e6, kinds[c.kind].name, c.kind.pack(c.id))
	}
	out <- prometheus.MustNewConstMetric(seriesDroppedDesc, prometheus.GaugeValue, float64(left))
}

func ledgerSeries(l *Ledger) []prometheus.Collector {
	return []prometheus.Collector{
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Namespace: namespace, Name: "usage_flush_lag_seconds",
			Help: "Age of the oldest use that is not in the database yet.",
		}, func() float64 { return l.Lag().Seconds() }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Namespace: namespace, Name: "usage_dropped_total",
			Help: "Uses that were not counted because too much waited for the database.",
		}, func() float64 { return float64(l.Dropped()) }),
	}
}
