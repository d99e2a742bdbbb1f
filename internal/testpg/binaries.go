package testpg

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// binaries returns the folder with initdb and postgres; without one it ends
// the test.
func binaries(t testing.TB) string {
	t.Helper()
	if bin, ok := findBinaries(); ok {
		return bin
	}
	const missing = "NO POSTGRES: set TEST_DATABASE_URL or PG_BIN, or install postgresql"
	if os.Getenv("REQUIRE_POSTGRES") == "1" {
		t.Fatal(missing)
	}
	t.Skip(missing)
	return ""
}

func findBinaries() (string, bool) {
	if bin := os.Getenv("PG_BIN"); bin != "" {
		return bin, hasBinaries(bin)
	}
	newest, version := "", -1
	installed, _ := filepath.Glob("/usr/lib/postgresql/*/bin") // the pattern is right
	for _, bin := range installed {
		v, err := strconv.Atoi(filepath.Base(filepath.Dir(bin)))
		if err == nil && v > version && hasBinaries(bin) {
			newest, version = bin, v
		}
	}
	if newest != "" {
		return newest, true
	}
	postgres, err := exec.LookPath("postgres")
	if err != nil {
		return "", false
	}
	bin := filepath.Dir(postgres)
	return bin, hasBinaries(bin)
}

func hasBinaries(bin string) bool {
	for _, name := range []string{"initdb", "postgres"} {
		if info, err := os.Stat(filepath.Join(bin, name)); err != nil || info.IsDir() {
			return false
		}
	}
	return true
}

// Bin returns the folder of the programs of Postgres, such as pg_dump.
func Bin(t testing.TB) string {
	t.Helper()
	return binaries(t)
}
