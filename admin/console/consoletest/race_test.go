//go:build race

package consoletest

const raceEnabled = true
