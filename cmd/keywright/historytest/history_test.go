package historytest

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

// history is what was asked, changed and answered, by one monotonic clock.
type history struct {
	began time.Time
	uses  atomic.Int64

	mu         sync.Mutex
	operations [][]porcupine.Operation // by the number of the credential
	calls      []int64                 // of the changes that have returned
}

func newHistory() *history { return &history{began: time.Now()} }

func (h *history) now() int64 { return int64(time.Since(h.began)) }

// add gives a new credential its number.
func (h *history) add(c *credential) {
	h.mu.Lock()
	defer h.mu.Unlock()
	c.number = len(h.operations)
	h.operations = append(h.operations, nil)
}

// place says who did something, where and when.
type place struct {
	worker       int
	at           *replica
	call, answer int64
}

// record writes down an operation that took place between two moments.
func (h *history) record(c *credential, p place, from, to int64, operation any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.operations[c.number] = append(h.operations[c.number], porcupine.Operation{
		ClientId: p.worker, Input: operation, Call: from, Return: to, Metadata: p.at.name,
	})
}

// asked writes down a definite answer.
func (h *history) asked(c *credential, p place, q question, r reply) {
	u := use{int(h.uses.Add(1)), q, r}
	h.record(c, p, p.call, p.call, begin{u})
	h.record(c, p, p.answer, p.answer, answered{u})
}

// changed writes down a change that was made.
func (h *history) changed(c *credential, p place, ch change) {
	h.record(c, p, p.call, p.call, call{ch.number})
	h.record(c, p, p.call, p.answer, commit{ch, true})
	h.record(c, p, p.answer, p.answer, end{ch.number})
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls = append(h.calls, p.call)
}

// changesSince is how many changes were called after that moment and have
// returned.
func (h *history) changesSince(moment int64) (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, call := range h.calls {
		if call > moment {
			n++
		}
	}
	return n
}

// never is the return of a change that was not answered: it may be made
// whenever it likes.
const never = int64(math.MaxInt64)

// maybeChanged writes down a change that may be made or not.
func (h *history) maybeChanged(c *credential, p place, ch change) {
	h.record(c, p, p.call, p.call, call{ch.number})
	h.record(c, p, p.call, never, commit{ch, false})
}

// tally counts what a history holds.
type tally struct{ yes, no, changes, unanswered int }

func (h *history) tally() (t tally) {
	for _, o := range slices.Concat(h.operations...) {
		switch in := o.Input.(type) {
		case commit:
			if in.known {
				t.changes++
			} else {
				t.unanswered++
			}
		case answered:
			if in.reply.yes {
				t.yes++
			} else {
				t.no++
			}
		}
	}
	return t
}

// checkTime bounds the check of one credential's history, which takes
// milliseconds.
const checkTime = time.Minute

// check fails the test for each credential whose history breaks the promise.
func (h *history) check(t *testing.T) {
	t.Helper()
	for number, operations := range h.operations {
		last := h.now()
		for i := range operations {
			operations[i].Return = min(operations[i].Return, last)
		}
		result := porcupine.CheckOperationsTimeout(model, operations, checkTime)
		switch result {
		case porcupine.Illegal:
			h.explain(t, number)
		case porcupine.Unknown:
			t.Errorf("credential %d: %d operations were not checked within %s", number, len(operations), checkTime)
		}
	}
}

// explain says what is wrong with the history of a credential.
func (h *history) explain(t *testing.T, number int) {
	t.Helper()
	operations := h.operations[number]
	_, info := porcupine.CheckOperationsVerbose(model, operations, checkTime)
	var longest []porcupine.Operation
	for _, partial := range info.PartialLinearizationsOperations()[0] {
		if len(partial) > len(longest) {
			longest = partial
		}
	}
	page, err := h.draw(number, info)
	if err != nil {
		t.Error(err)
	}
	t.Errorf("credential %d: an answer from a state that was over. Nothing explains\n%s\nafter\n%s\nsee %s",
		number, h.lines(firstLeft(operations, longest)), h.lines(changesOf(operations)), page)
}

// draw writes the history of a credential as a page for the browser.
func (h *history) draw(number int, info porcupine.LinearizationInfo) (page string, err error) {
	dir, err := os.MkdirTemp("", "keywright-history-")
	if err != nil {
		return "", err
	}
	page = filepath.Join(dir, fmt.Sprintf("credential-%d.html", number))
	return page, porcupine.VisualizePath(model, info, page)
}

// firstLeft is the operation that ended first of those that no order explains.
func firstLeft(all, explained []porcupine.Operation) []porcupine.Operation {
	var left []porcupine.Operation
	for _, o := range all {
		if !slices.ContainsFunc(explained, func(e porcupine.Operation) bool {
			return e.Input == o.Input
		}) {
			left = append(left, o)
		}
	}
	slices.SortFunc(left, func(a, b porcupine.Operation) int { return int(a.Return - b.Return) })
	return left[:min(1, len(left))]
}

func changesOf(all []porcupine.Operation) []porcupine.Operation {
	return slices.DeleteFunc(slices.Clone(all), func(o porcupine.Operation) bool {
		_, isCommit := o.Input.(commit)
		return !isCommit
	})
}

func (h *history) lines(operations []porcupine.Operation) (text string) {
	for _, o := range operations {
		text += fmt.Sprintf("  %10.6f to %10.6f s, %s: %s\n", time.Duration(o.Call).Seconds(),
			time.Duration(o.Return).Seconds(), o.Metadata, o.Input)
	}
	return text
}
