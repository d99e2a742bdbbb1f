// Package admin is the admin API: JSON over HTTP on Gin, described by huma as
// OpenAPI 3.1. There is one file per resource, which mounts itself; a handler
// decodes, calls one method of registry.Service, and encodes.
//
// It decides nothing: who may do what, and what a field may hold, is the
// Service's to say. It knows nothing of SQL, OAuth flows or HTML.
//
// A request passes, in this order: the middleware of package web, the
// authentication by bearer token or session cookie (authenticate.go), the
// check that it is well-formed text and JSON (wellformed.go), the look-up of
// its Idempotency-Key (idempotency.go), huma's check against the schema, the
// handler. Whatever goes wrong comes out as problem details (problem.go).
package admin
