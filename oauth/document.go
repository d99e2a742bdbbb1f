package oauth

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
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

// serve answers GET and HEAD whole, and 304 where the caller has it (RFC 9110
// §13.1.2). Ranges and the other conditions may be ignored (§14.2, §13.1.1
// asks of them only where a representation could be lost).
func (d document) serve(w http.ResponseWriter, req *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", d.cacheControl)
	w.Header().Set("ETag", d.etag)
	for _, name := range []string{"Range", "If-Range", "If-Match", "If-Unmodified-Since"} {
		req.Header.Del(name)
	}
	if held := req.Header.Values("If-None-Match"); len(held) > 1 {
		req.Header.Set("If-None-Match", strings.Join(held, ", "))
	}
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
