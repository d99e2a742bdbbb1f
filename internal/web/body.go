package web

import (
	"errors"
	"io"
	"net/http"

	"github.com/gin-gonic/gin"

	"keywright/registry"
)

// limitBody refuses a body that announces to be too long before a byte of it
// is read, and bounds what any other can make a handler read.
func (c Config) limitBody(g *gin.Context) {
	if g.Request.ContentLength > c.MaxBody {
		g.Abort()
		// The rest of the body is not waited for.
		g.Writer.Header().Set("Connection", "close")
		c.WriteError(g.Writer, g.Request, errBodyTooLarge)
		return
	}
	g.Request.Body = http.MaxBytesReader(g.Writer, g.Request.Body, c.MaxBody)
	g.Next()
}

// ReadBody reads the whole body. It fails with CodeBodyTooLarge over the
// listener's limit, and with malformed_request when the caller broke off.
func ReadBody(w http.ResponseWriter, req *http.Request) ([]byte, error) {
	raw, err := io.ReadAll(req.Body)
	if err == nil {
		return raw, nil
	}
	w.Header().Set("Connection", "close")
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, errBodyTooLarge
	}
	return nil, registry.Malformed("the body could not be read to its end")
}
