// Package migrations holds the schema: numbered SQL files, one folder per
// dialect, in goose's format. The two dialects carry the same tables, columns
// and indexes under the same names and numbers, and a test holds them to it.
//
// It knows nothing of how or when the files are applied; storage does that.
// A migration only expands what the previous version of the program uses;
// what is no longer used is taken away one version later.
package migrations

import "embed"

// Files holds postgres/*.sql and sqlite/*.sql.
//
//go:embed postgres/*.sql sqlite/*.sql
var Files embed.FS
