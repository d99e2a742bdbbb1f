package oauth

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"keywright/registry"
)

// How long a cache may keep a public document. A new signing key is published
// longer than this before its first use.
var cacheForAWhile = fmt.Sprintf("public, max-age=%d", int(registry.KeySetMaxAge.Seconds()))

// document is a public JSON document.
type document struct {
	body         []byte
	etag         string
	cacheControl string
}

func newDocument(body []byte) document {
	sum := sha256.Sum256(body)
	return document{body, `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`, cacheForAWhile}
}

func mountDocument(r gin.IRouter, path string, serve http.HandlerFunc) {
	r.GET(path, gin.WrapF(serve))
	r.HEAD(path, gin.WrapF(serve))
}

// serve answers GET and HEAD, and 304 where the caller has it (RFC 9110 §13.1.2).
func (d document) serve(w http.ResponseWriter, req *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", d.cacheControl)
	w.Header().Set("ETag", d.etag)
	http.ServeContent(w, req, "", time.Time{}, bytes.NewReader(d.body))
}

// keySet answers with the public signing keys as they stand. While the database
// is away those known here are still served, but a key may have been added that
// is not among them, so nobody may keep them.
func (s *Server) keySet(w http.ResponseWriter, req *http.Request) {
	jwks, cacheable := s.Keys.KeySet()
	d := newDocument(jwks)
	if !cacheable {
		d.cacheControl = "no-cache"
	}
	d.serve(w, req)
}
