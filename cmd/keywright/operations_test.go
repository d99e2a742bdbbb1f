package main

import (
	"slices"
	"strings"
	"testing"

	"keywright/internal/testpg"
	"keywright/internal/testserver"
)

// TestOperationsDocument runs the commands of docs/operations.md in one shell:
// backup, restore into an empty database, another master key. A server then
// works with what they left.
func TestOperationsDocument(t *testing.T) {
	t.Parallel()
	in := install(t, environment(testpg.New(t)))
	c, client := in.caller(), in.newClients(t, 1)[0]
	token := in.issued(t, c, client)
	in.halt(t)

	restored, file := testpg.New(t), t.TempDir()+"/key"
	steps := slices.Concat([]block{{script: `PATH="$PATH:$POSTGRES"`}},
		blocksOf(t, operationsDocument, "", "sh"), []block{{script: `printf %s "$KEYWRIGHT_MASTER_KEY" >"$FILE"`}})
	runShell(t, steps, slices.Concat(in.environ, []string{"RESTORED=" + restored, "POSTGRES=" + testpg.Bin(t), "FILE=" + file})...)

	key := read(t, file)
	if key == testserver.MasterKey || strings.Contains(key, ",") {
		t.Error("the master key was not replaced")
	}
	in.environ = append(in.environ, "KEYWRIGHT_DATABASE_URL="+restored, "KEYWRIGHT_MASTER_KEY="+key)
	in.restart(t)
	if in.active(t, c, token) {
		t.Error("a token from before the restore is active")
	}
	if !in.active(t, c, in.issued(t, c, client)) {
		t.Error("a new token is not active")
	}
}
