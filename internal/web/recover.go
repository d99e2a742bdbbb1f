package web

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"runtime/debug"

	"github.com/gin-gonic/gin"

	"keywright/registry"
)

// recoverPanic answers a panic with a 500 and logs its stack. The text of a
// panic is logged only when the runtime wrote it, because any other could
// hold a secret; its type and the stack say where to look.
func (c Config) recoverPanic(g *gin.Context) {
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			panic(http.ErrAbortHandler)
		}
		text := fmt.Sprintf("%T", v)
		if err, ok := v.(runtime.Error); ok {
			text = err.Error()
		}
		c.Logger.ErrorContext(g.Request.Context(), "panic",
			slog.String("panic", text), slog.String("request_id", RequestID(g.Request.Context())),
			slog.String("stack", string(debug.Stack())))
		if g.Writer.Written() {
			// Half an answer is out: cut the connection, so that nobody takes it for a whole one.
			panic(http.ErrAbortHandler)
		}
		g.Abort()
		c.WriteError(g.Writer, g.Request, &registry.Error{Code: CodeInternal, Message: "something went wrong inside", Err: errors.New("panic: " + text)})
	}()
	g.Next()
}
