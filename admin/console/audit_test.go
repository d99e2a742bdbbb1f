package console

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestLongListInTheAudit: an event that names very many credentials does not
// make the page long.
func TestLongListInTheAudit(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{longestList: "id, id", longestList + 1: "id and 1 more", 10_000: "id and 9950 more"} {
		raw, err := json.Marshal(map[string][]string{"clientIds": strings.Fields(strings.Repeat("id ", n))})
		if err != nil {
			t.Fatal(err)
		}
		got := settings(raw)["clientIds"]
		if !strings.HasSuffix(got, want) || len(got) > 1000 {
			t.Errorf("%d: got %q, want it to end with %q", n, got, want)
		}
	}
}
