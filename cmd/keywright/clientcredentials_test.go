package main

import (
	"context"
	"net/http"
	"testing"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// TestClientCredentials gets tokens with Go's own OAuth client, in each of its
// styles, and asks about them as a resource server.
func TestClientCredentials(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		in := install(t, environment(url))
		for i, client := range in.newClients(t, 2) {
			for name, style := range map[string]oauth2.AuthStyle{
				"header": oauth2.AuthStyleInHeader, "params": oauth2.AuthStyleInParams, "detected": oauth2.AuthStyleAutoDetect,
			} {
				cfg := clientcredentials.Config{
					ClientID: client.ID, ClientSecret: client.Secret, TokenURL: in.public + "/oauth2/token",
					Scopes: []string{"documents:read"}, AuthStyle: style,
				}
				ctx := context.WithValue(t.Context(), oauth2.HTTPClient, &http.Client{Transport: &http.Transport{DisableKeepAlives: true}})
				token, err := cfg.Token(ctx)
				if err != nil {
					t.Fatalf("client %d, %s: %v", i, name, err)
				}
				if !token.Valid() || token.Type() != "Bearer" || token.Extra("scope") != "documents:read" {
					t.Errorf("client %d, %s: got type %s, expiry %s, scope %v", i, name, token.Type(), token.Expiry, token.Extra("scope"))
				}
				a, err := in.caller().introspect(in.resourceServer, token.AccessToken)
				if err != nil {
					t.Fatal(err)
				}
				if got := a.object(); got["active"] != true || got["client_id"] != client.ID || got["scope"] != "documents:read" {
					t.Errorf("client %d, %s: introspection answers %s", i, name, a)
				}
			}
		}
	})
}
