package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain puts this very binary on the PATH as keywright: the tests start it
// as processes of their own.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"keywright": main})
}
