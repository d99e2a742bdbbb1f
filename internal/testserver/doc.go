// Package testserver runs keywright as processes of their own for tests, on
// free ports, and ends them with the test, also when that is killed.
//
// Whoever tests the program itself hands in how to start it; others have it
// built by Program or PlainProgram. The package knows the command line, the
// environment and the log, and nothing of what the server answers.
package testserver
