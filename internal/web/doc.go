// Package web is what the listeners have in common: the Gin engine and the
// middleware every request passes (request id, address of the client, access
// log, panic recovery, body limit, security headers), problem details
// (RFC 9457), bearer challenges (RFC 6750 §3), health checks, and the
// http.Server with all its time limits.
//
// It knows nothing of OAuth or of the admin API: how a refusal looks on the
// wire is handed in as an ErrorWriter.
package web
