package metrics

import "github.com/prometheus/client_golang/prometheus"

// cacheSeries shows how often requests were answered from memory, and whether
// they may be.
type cacheSeries struct {
	usable  func() bool
	lookups func(each func(kind string, hits, misses uint64))
}

var (
	cacheUsable = prometheus.NewDesc(namespace+"_cache_usable",
		"1 while requests may be answered from memory, 0 while they read the database.", nil, nil)
	cacheLookups = prometheus.NewDesc(namespace+"_cache_lookups_total",
		"Reads of requests, by what was read and whether memory or the database answered.", []string{"kind", "result"}, nil)
)

// WatchCache adds the series of the cache.
func (m *Metrics) WatchCache(usable func() bool, lookups func(each func(kind string, hits, misses uint64))) {
	m.registry.MustRegister(cacheSeries{usable, lookups})
}

// Describe implements prometheus.Collector.
func (s cacheSeries) Describe(ch chan<- *prometheus.Desc) { ch <- cacheUsable; ch <- cacheLookups }

// Collect implements prometheus.Collector.
func (s cacheSeries) Collect(ch chan<- prometheus.Metric) {
	usable := 0.0
	if s.usable() {
		usable = 1
	}
	ch <- prometheus.MustNewConstMetric(cacheUsable, prometheus.GaugeValue, usable)
	s.lookups(func(kind string, hits, misses uint64) {
		ch <- prometheus.MustNewConstMetric(cacheLookups, prometheus.CounterValue, float64(hits), kind, "hit")
		ch <- prometheus.MustNewConstMetric(cacheLookups, prometheus.CounterValue, float64(misses), kind, "miss")
	})
}
