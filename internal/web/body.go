package web

import (
	"errors"
	"io"
	"net/http"
	"slices"

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

// firstRead is how much room ReadBody makes for a body because of its announced
// length alone, in bytes. It holds nearly every form; a caller that announces
// more has to send it.
const firstRead = 4 << 10

// ReadBody reads the whole body. It fails with CodeBodyTooLarge over the
// listener's limit, and with malformed_request when the caller broke off.
func ReadBody(w http.ResponseWriter, req *http.Request) ([]byte, error) {
	raw, err := readAll(req.Body, min(max(req.ContentLength, 0), firstRead))
	if err == nil {
		return raw, nil
	}
	w.Header().Set("Connection", "close")
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, errBodyTooLarge
	}
	return nil, registry.Malformed("the body could not be read to its end")
}

// readAll is io.ReadAll with room for as many bytes as are expected, and for
// the one more that it takes to see that there are no more.
func readAll(r io.Reader, expected int64) ([]byte, error) {
	raw := make([]byte, 0, expected+1)
	for {
		n, err := r.Read(raw[len(raw):cap(raw)])
		raw = raw[:len(raw)+n]
		switch {
		case errors.Is(err, io.EOF):
			return raw, nil
		case err != nil:
			return raw, err
		case len(raw) == cap(raw):
			raw = slices.Grow(raw, len(raw))
		}
	}
}
