package metrics

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// maxLabelValues is how many values one label of a counter may take. Callers
// pass values from small fixed sets; this is the fence behind them.
const maxLabelValues = 128

// otherValue stands for every value beyond the fence.
const otherValue = "other"

// counter is a counter vector whose labels cannot grow without bound.
type counter struct {
	vec    *prometheus.CounterVec
	labels []labelValues
}

type labelValues struct {
	mu   sync.RWMutex
	seen map[string]struct{}
}

func newCounter(name, help string, labels ...string) *counter {
	c := &counter{
		vec:    prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels),
		labels: make([]labelValues, len(labels)),
	}
	for i := range c.labels {
		c.labels[i].seen = map[string]struct{}{}
	}
	return c
}

func (c *counter) inc(values ...string) {
	for i, v := range values {
		values[i] = c.labels[i].admit(v)
	}
	c.vec.WithLabelValues(values...).Inc()
}

func (l *labelValues) admit(value string) string {
	l.mu.RLock()
	_, ok := l.seen[value]
	l.mu.RUnlock()
	if ok {
		return value
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := l.seen[value]; !ok && len(l.seen) >= maxLabelValues {
		return otherValue
	}
	l.seen[value] = struct{}{}
	return value
}
