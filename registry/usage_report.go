package registry

import "time"

// UsageQuery asks for usage over a range of time, which is widened to whole
// buckets and ends with the present one at the latest.
type UsageQuery struct {
	Grain    Grain     // empty: GrainHour
	From, To time.Time // zero: the last 24 hours, or 30 days
}

// Ranges of usage.
const (
	usualHourly   = 24 * time.Hour
	usualDaily    = 30 * aDay
	longestHourly = 31 * aDay  // 744 buckets
	longestDaily  = 400 * aDay // 400 buckets

	aDay = 24 * time.Hour
)

// UsageSums are uses and failures, these by cause as well.
type UsageSums struct {
	Uses     int64
	Failures int64
	ByCause  map[Cause]int64
}

func (u *UsageSums) add(b UsageBucket) {
	if b.Cause == CauseNone {
		u.Uses += b.Count
		return
	}
	u.Failures += b.Count
	if u.ByCause == nil {
		u.ByCause = map[Cause]int64{}
	}
	u.ByCause[b.Cause] += b.Count
}

// UsagePeriod is what was counted in one bucket.
type UsagePeriod struct {
	StartsAt time.Time
	UsageSums
}

// UsageSeries are the buckets of a range, none left out, and their sums.
type UsageSeries struct {
	UsageRange
	Periods []UsagePeriod
	Total   UsageSums
}

// lengthOf is how long a bucket is.
func lengthOf(g Grain) time.Duration {
	if g == GrainDay {
		return aDay
	}
	return time.Hour
}

// seriesOf puts buckets, which may leave out some, in their place.
func seriesOf(r UsageRange, buckets []UsageBucket) UsageSeries {
	length := lengthOf(r.Grain)
	s := UsageSeries{UsageRange: r, Periods: make([]UsagePeriod, int(r.To.Sub(r.From)/length))}
	for i := range s.Periods {
		s.Periods[i].StartsAt = r.From.Add(time.Duration(i) * length)
	}
	for _, b := range buckets {
		s.Periods[int(b.StartsAt.Sub(r.From)/length)].add(b)
		s.Total.add(b)
	}
	return s
}

// usageRange checks what a caller asks for.
func (s *Service) usageRange(q UsageQuery) (UsageRange, error) {
	now := s.now()
	usual, longest := usualHourly, longestHourly
	oldest := now.Add(-s.UsageHoursKept).Truncate(aDay) // as ageing takes hours
	switch q.Grain {
	case "", GrainHour:
		q.Grain = GrainHour
	case GrainDay:
		usual, longest = usualDaily, longestDaily
		oldest = now.Add(-s.UsageDaysKept).Truncate(aDay).Add(aDay)
	default:
		return UsageRange{}, MalformedParameter("bucket", "must be %s or %s", GrainHour, GrainDay)
	}
	length := lengthOf(q.Grain)
	present := now.Truncate(length).Add(length) // its end
	r := UsageRange{Grain: q.Grain, From: q.From.UTC().Truncate(length), To: present}
	if !q.To.IsZero() && q.To.Before(present) {
		r.To = q.To.UTC().Add(length - time.Nanosecond).Truncate(length)
	}
	if q.From.IsZero() {
		r.From = later(r.To.Add(-usual), oldest)
	}
	switch {
	case q.From.IsZero() && !r.From.Before(r.To):
		return r, MalformedParameter("to", "must lie after %s, since when the buckets asked for are kept", oldest.Format(time.RFC3339))
	case !r.From.Before(r.To):
		return r, MalformedParameter("from", "must lie before to, and not in the future")
	case r.From.Before(oldest) && r.Grain == GrainHour:
		return r, Malformed("hours are kept since %s: ask for what is older with bucket=%s", oldest.Format(time.RFC3339), GrainDay)
	case r.From.Before(oldest):
		return r, Malformed("usage is kept since %s", oldest.Format(time.RFC3339))
	case r.To.Sub(r.From) > longest:
		return r, Malformed("from and to are more than %d buckets apart", int(longest/length))
	}
	return r, nil
}
