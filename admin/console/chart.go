package console

import (
	"fmt"
	"slices"
	"strings"

	"keywright/registry"
)

// chart is the use of a credential, one bar per day, in an SVG of Width by
// chartHeight units.
type chart struct {
	Bars           []bar
	Width          int
	Most           int64 // uses and failures of the tallest bar
	Uses, Failures int64
}

const (
	chartHeight = 100
	markHeight  = 4 // above the bars
	barWidth    = 10
	barGap      = 2
)

// bar is a day.
type bar struct {
	registry.UsagePeriod
	X              int
	Uses, Failures segment
	Marks          []string
}

// segment is a part of a bar.
type segment struct{ Y, Height int }

// markNames are the marks for people.
var markNames = map[string]string{
	registry.MarkSpike:      "unexpected spike",
	registry.MarkSilence:    "first use after a long silence",
	registry.MarkNewNetwork: "use from a new network",
}

// chartOf draws a report by day.
func chartOf(r registry.CredentialReport) chart {
	c := chart{Uses: r.Total.Uses, Failures: r.Total.Failures}
	for _, p := range r.Periods {
		c.Most = max(c.Most, p.Uses+p.Failures)
	}
	for i, p := range r.Periods {
		b := bar{UsagePeriod: p, X: i * barWidth}
		b.Uses = c.segment(p.Uses, chartHeight)
		b.Failures = c.segment(p.Failures, b.Uses.Y)
		end := p.StartsAt.AddDate(0, 0, 1)
		for _, m := range r.Marks {
			if !m.At.Before(p.StartsAt) && m.At.Before(end) && !slices.Contains(b.Marks, markNames[m.Mark]) {
				b.Marks = append(b.Marks, markNames[m.Mark])
			}
		}
		c.Bars = append(c.Bars, b)
	}
	c.Width = len(c.Bars) * barWidth
	return c
}

// segment stands on a base. What is there is seen, however little it is.
func (c chart) segment(count int64, base int) segment {
	if count == 0 {
		return segment{base, 0}
	}
	// Two segments that are drawn higher than they are must still fit.
	height := max(1, int(count*(chartHeight-markHeight-2)/c.Most))
	return segment{base - height, height}
}

// Title says a day in words.
func (b bar) Title() string {
	text := fmt.Sprintf("%s: uses %s, failures %s", b.Day(), number(b.UsageSums.Uses), number(b.UsageSums.Failures))
	if len(b.Marks) > 0 {
		text += "; " + b.Marked()
	}
	return text
}

// Day is the date.
func (b bar) Day() string { return b.StartsAt.Format("2006-01-02") }

// Marked are the marks of the day.
func (b bar) Marked() string { return strings.Join(b.Marks, ", ") }

// Causes are why there were failures, the most frequent cause first.
func (b bar) Causes() string {
	causes := make([]registry.Cause, 0, len(b.ByCause))
	for cause := range b.ByCause {
		causes = append(causes, cause)
	}
	slices.SortFunc(causes, func(x, y registry.Cause) int {
		if n := b.ByCause[y] - b.ByCause[x]; n != 0 {
			return int(n)
		}
		return int(x) - int(y)
	})
	words := make([]string, len(causes))
	for i, cause := range causes {
		words[i] = fmt.Sprintf("%s %s", strings.ReplaceAll(cause.String(), "_", " "), number(b.ByCause[cause]))
	}
	return strings.Join(words, ", ")
}

// BarWidth is that of each.
func (chart) BarWidth() int { return barWidth - barGap }

// Height is that of the chart.
func (chart) Height() int { return chartHeight }

// MarkHeight is that of the marks, at its top.
func (chart) MarkHeight() int { return markHeight }

// From and To are the first and the last day.
func (c chart) From() string { return c.Bars[0].Day() }

// To is the last day.
func (c chart) To() string { return c.Bars[len(c.Bars)-1].Day() }

// Alt says the chart in a sentence.
func (c chart) Alt() string {
	return fmt.Sprintf("Uses %s and failures %s from %s to %s; at most %s on a day.", number(c.Uses), number(c.Failures), c.From(), c.To(), number(c.Most))
}
