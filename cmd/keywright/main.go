// Command keywright is the one binary: the server, and what an operator does
// at the command line straight on the database.
//
// There is one file per command. assembly.go puts the parts of the program
// together, listeners.go starts and stops them; nothing here decides anything
// about credentials.
package main

import (
	"context"
	"os"
)

func main() {
	os.Exit(Run(context.Background(), os.Args[1:], System()))
}
