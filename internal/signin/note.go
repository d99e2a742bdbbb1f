package signin

import (
	"net/http"
	"time"
)

// SetNote lets the browser keep a short text for a while, or forget it where
// that is below 0. It is guarded as the session is: no script reads it, and over
// TLS no other host can plant it. Whoever has the browser can forge it.
func (k *Keeper) SetNote(w http.ResponseWriter, name, text string, lasts time.Duration) {
	note := k.cookies.named(name, text) //nolint:gosec // see named
	note.MaxAge = int(lasts.Seconds())
	http.SetCookie(w, &note)
}

// Note returns the text that the browser keeps under that name, if it does.
func (k *Keeper) Note(req *http.Request, name string) (text string, kept bool) {
	cookie, err := req.Cookie(k.cookies.named(name, "").Name)
	if err != nil {
		return "", false
	}
	return cookie.Value, true
}
