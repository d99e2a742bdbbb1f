//go:build !race

package consoletest

const raceEnabled = false
