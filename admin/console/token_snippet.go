package console

import (
	"strings"
	"text/template"
)

// tokenUse is what programs have to know that use an API token, and those that
// ask whether it is good. Its value is not among it: they take it, and all else
// that is theirs, from the environment.
type tokenUse struct {
	Issuer  string
	Scopes  []string
	Limited bool // it is accepted from some addresses alone
}

// Origin is where Keywright answers.
func (u tokenUse) Origin() string { return strings.TrimSuffix(u.Issuer, "/") }

// Scope is what a request could need.
func (u tokenUse) Scope() string { return strings.Join(u.Scopes, " ") }

func (u tokenUse) calls() []snippet  { return written(callSnippets, u) }
func (u tokenUse) checks() []snippet { return written(checkSnippets, u) }

var callSnippets = []*template.Template{
	snippetTemplate("curl", `
curl -sS --fail-with-body -H "Authorization: Bearer $API_TOKEN" "$API_URL"
`),
	snippetTemplate("Go", `
package main

import (
	"io"
	"log"
	"net/http"
	"os"
)

func main() {
	request, err := http.NewRequest(http.MethodGet, os.Getenv("API_URL"), nil)
	if err != nil {
		log.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+os.Getenv("API_TOKEN"))
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		log.Fatal(err)
	}
	defer answer.Body.Close()
	if _, err := io.Copy(os.Stdout, answer.Body); err != nil {
		log.Fatal(err)
	}
}
`),
	snippetTemplate("Python", `
import os, urllib.request

request = urllib.request.Request(os.environ["API_URL"], headers={"Authorization": "Bearer " + os.environ["API_TOKEN"]})
print(urllib.request.urlopen(request, timeout=10).read().decode())
`),
	snippetTemplate("Node", `
const answer = await fetch(process.env.API_URL, {
  headers: { authorization: 'Bearer ' + process.env.API_TOKEN },
});
console.log(await answer.text());
`),
}

var checkSnippets = []*template.Template{
	snippetTemplate("Introspection", `
curl -sS --fail-with-body -u "$CLIENT_ID:$CLIENT_SECRET" \
  --data-urlencode "token=$API_TOKEN" \
{{- if .Limited}}
  --data-urlencode "client_ip=$CALLER_ADDRESS" \{{end}}
  {{shell (printf "%s/oauth2/introspect" .Origin)}}
`),
	snippetTemplate("/verify", `
curl -sS -i -G -H "Authorization: Bearer $API_TOKEN" \
{{- if .Limited}}
  -H "X-Forwarded-For: $CALLER_ADDRESS" \{{end}}
  --data-urlencode "audience=$API_IDENTIFIER" \
  --data-urlencode {{shell (printf "scope=%s" .Scope)}} \
  {{shell (printf "%s/verify" .Origin)}}
`),
}
