package oauth

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
)

// documentMaxAge is how long a cache may keep a public document. A new signing
// key is published at least this long before its first use.
const documentMaxAge = "public, max-age=300"

// document is a public JSON document that does not change while the server runs.
type document struct {
	body []byte
	etag string
}

func newDocument(body []byte) document {
	sum := sha256.Sum256(body)
	return document{body, `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`}
}

func (d document) mount(r gin.IRouter, path string) {
	r.GET(path, gin.WrapF(d.serve))
	r.HEAD(path, gin.WrapF(d.serve))
}

// serve answers GET and HEAD, and 304 where the caller has it (RFC 9110 §13.1.2).
func (d document) serve(w http.ResponseWriter, req *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", documentMaxAge)
	w.Header().Set("ETag", d.etag)
	http.ServeContent(w, req, "", time.Time{}, bytes.NewReader(d.body))
}
