// Package arch holds the test that keeps the arrows between our packages
// pointing one way, and each framework inside the package that wraps it. It
// has no code of its own; the tables stand in arch_test.go.
package arch
