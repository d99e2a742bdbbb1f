package replica

import (
	"testing"
	"time"
	"unsafe"
)

// TestSince: whichever clock says that more time has passed is believed.
func TestSince(t *testing.T) {
	t.Parallel()
	then := time.Now()
	for name, tt := range map[string]struct {
		now, then time.Time
		want      time.Duration
	}{
		"both clocks went on":       {then.Add(time.Second), then, time.Second},
		"the machine slept":         {monotonic(t, then.Add(time.Hour), -time.Hour), then, time.Hour},
		"the clock was set back":    {monotonic(t, then.Add(-time.Hour), time.Hour+time.Second), then, time.Second},
		"the clock was set forward": {monotonic(t, then.Add(time.Hour), time.Second-time.Hour), then, time.Hour},
		"now is by the wall alone":  {then.Add(time.Second).Round(0), then, time.Second},
		"then is by the wall alone": {then.Add(time.Second), then.Round(0), time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := since(tt.now, tt.then); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// monotonic returns a moment whose monotonic reading is shifted by d, and the
// other is not. Nothing of package time parts the two.
func monotonic(t *testing.T, at time.Time, d time.Duration) time.Time {
	t.Helper()
	shifted := at
	(*struct {
		wall      uint64
		monotonic int64
	})(unsafe.Pointer(&shifted)).monotonic += int64(d) // the layout is checked below
	if shifted.Sub(at) != d || !shifted.Round(0).Equal(at.Round(0)) {
		t.Fatal("package time keeps its readings in another way")
	}
	return shifted
}
