package consoletest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"keywright/internal/testpg"
	"keywright/internal/testserver"
)

// preparedSQLite is a database with the organization Acme, and its owner.
var preparedSQLite = sync.OnceValues(func() (owner, error) { return bootstrap(sqliteIn(workspace)) })

func sqliteIn(folder string) string { return "sqlite:" + filepath.Join(folder, sqliteFile) }

const sqliteFile = "keywright.db"

// copyOfSQLite is a site with a copy of preparedSQLite. A database that was
// closed in order is one file.
func copyOfSQLite(t *testing.T) *site {
	t.Helper()
	who, err := preparedSQLite()
	must(t, err)
	raw, err := os.ReadFile(filepath.Join(workspace, sqliteFile))
	must(t, err)
	folder := t.TempDir()
	must(t, os.WriteFile(filepath.Join(folder, sqliteFile), raw, 0o600))
	return siteOn(sqliteIn(folder), who)
}

// preparedPostgres is the same there. A server that is not ours has no
// template, and so as many owners as databases: owners has them by URL.
var (
	preparedPostgres = testpg.Template{Prepare: func(url string) error {
		who, err := bootstrap(url)
		owners.Store(url, who)
		owners.Store("", who)
		return err
	}}
	owners sync.Map
)

func copyOfPostgres(t *testing.T) *site {
	t.Helper()
	url := preparedPostgres.New(t)
	who, ok := owners.Load(url)
	if !ok { // a copy of the one template
		who, _ = owners.Load("")
	}
	return siteOn(url, who.(owner))
}

// bootstrap makes the organization Acme with its owner.
func bootstrap(databaseURL string) (owner, error) {
	var made struct{ Email, Password, AdminToken string }
	path, err := program()
	if err != nil {
		return owner{}, err
	}
	out, err := testserver.Run(path, workspace, testserver.Environment(databaseURL),
		"bootstrap", "--organization", "Acme", "--email", "owner@acme.example", "--json")
	if err == nil {
		err = json.Unmarshal([]byte(out), &made)
	}
	return owner{made.Email, made.Password, made.AdminToken}, err
}
