package historytest

import (
	"os"
	"testing"

	"keywright/internal/testserver"
)

func TestMain(m *testing.M) { os.Exit(testserver.Main(m)) }

// soak says that the endurance tests take their time.
var soak = os.Getenv("SOAK") == "1"
