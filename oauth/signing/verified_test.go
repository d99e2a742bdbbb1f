package signing

import (
	"fmt"
	"testing"

	"keywright/registry"
)

func TestVerifiedTokensAreBounded(t *testing.T) {
	t.Parallel()
	const size = 10
	v := newVerified(size * (verifiedBytes + 1)) // the shortest text has a byte
	for i := range 100 * size {
		v.put(fmt.Sprint(i), registry.AccessToken{JTI: fmt.Sprint(i)})
	}
	v.tokens.CleanUp() // it evicts beside the writes
	if got := v.tokens.EstimatedSize(); got > size {
		t.Errorf("%d tokens are remembered, want at most %d", got, size)
	}
	found := 0
	for i := range 100 * size {
		switch got, ok := v.get(fmt.Sprint(i)); {
		case ok && got.JTI != fmt.Sprint(i):
			t.Errorf("token %d is remembered as %s", i, got.JTI)
		case ok:
			found++
		}
	}
	if found == 0 || found > size {
		t.Errorf("%d tokens are found, want some of the last", found)
	}
}
