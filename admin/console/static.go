package console

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"sync"

	"github.com/gin-gonic/gin"

	"keywright/internal/web"
	"keywright/registry"
)

//go:embed static
var staticFiles embed.FS

const staticPath = root + "/static/"

// asset is a file that browsers may keep for ever: another content has
// another name.
type asset struct {
	kind    string
	content []byte
}

var contentTypes = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
	".txt": "text/plain; charset=utf-8",
}

// assets are the files by the name in their address, and those names by file.
var assets = sync.OnceValues(func() (byAddress map[string]asset, addresses map[string]string) {
	byAddress, addresses = map[string]asset{}, map[string]string{}
	entries, err := fs.ReadDir(staticFiles, "static")
	if err != nil {
		panic(err) // it is compiled in
	}
	for _, entry := range entries {
		name := entry.Name()
		content, err := staticFiles.ReadFile("static/" + name)
		if err != nil {
			panic(err) // as above
		}
		extension := path.Ext(name)
		sum := sha256.Sum256(content)
		address := strings.TrimSuffix(name, extension) + "-" + hex.EncodeToString(sum[:6]) + extension
		byAddress[address], addresses[name] = asset{contentTypes[extension], content}, address
	}
	return byAddress, addresses
})

// staticURL is the address of a file in static.
func staticURL(name string) (string, error) {
	_, addresses := assets()
	address, known := addresses[name]
	if !known {
		return "", fmt.Errorf("there is no file static/%s", name)
	}
	return staticPath + address, nil
}

func serveStatic(g *gin.Context) {
	byAddress, _ := assets()
	file, known := byAddress[g.Param("file")]
	if !known {
		web.WriteProblem(g.Writer, g.Request, registry.NotFound("file"))
		return
	}
	g.Header("Cache-Control", "public, max-age=31536000, immutable")
	g.Data(http.StatusOK, file.kind, file.content)
}
