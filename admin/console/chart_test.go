package console

import (
	"testing"
	"time"

	"keywright/registry"
)

func TestChart(t *testing.T) {
	t.Parallel()
	day := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	period := func(later int, uses, failures int64) registry.UsagePeriod {
		return registry.UsagePeriod{StartsAt: day.AddDate(0, 0, later), UsageSums: registry.UsageSums{
			Uses: uses, Failures: failures, ByCause: map[registry.Cause]int64{registry.CauseWrongSecret: failures},
		}}
	}
	c := chartOf(registry.CredentialReport{
		UsageSeries: registry.UsageSeries{Periods: []registry.UsagePeriod{period(0, 0, 0), period(1, 900_000, 100_000), period(2, 1, 1)}},
		Marks:       []registry.UsageMark{{Mark: registry.MarkSpike, At: day.AddDate(0, 0, 1).Add(time.Hour)}},
	})
	for i, b := range c.Bars {
		if top := b.Failures.Y; top < markHeight || b.Uses.Y < top || b.Uses.Y+b.Uses.Height != chartHeight {
			t.Errorf("bar %d does not fit: %+v", i, b)
		}
	}
	if b := c.Bars[0]; b.Uses.Height+b.Failures.Height != 0 {
		t.Errorf("a day without use has a bar: %+v", b)
	}
	if b := c.Bars[2]; b.Uses.Height != 1 || b.Failures.Height != 1 {
		t.Errorf("little use is not seen: %+v", b)
	}
	if got, want := c.Bars[1].Title(), "2026-03-02: uses 900\u202f000, failures 100\u202f000; unexpected spike"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := c.Bars[1].Causes(), "wrong secret 100\u202f000"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
