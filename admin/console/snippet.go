package console

import (
	"encoding/json"
	"strconv"
	"strings"
	"text/template"
)

// snippet is a program that gets or uses a token.
type snippet struct{ Language, Text string }

// tokenCall is what the programs have to know. The secret is not among it:
// they take it from the environment.
type tokenCall struct {
	Issuer   string
	ClientID string
	Resource string // empty: what the client's scopes belong to
	ByKey    bool   // the client signs assertions
}

// Endpoint is where the token is got.
func (c tokenCall) Endpoint() string { return strings.TrimSuffix(c.Issuer, "/") + "/oauth2/token" }

func (c tokenCall) snippets() []snippet {
	templates := secretSnippets
	if c.ByKey {
		templates = keySnippets
	}
	return written(templates, c)
}

// written are programs with what they have to know.
func written(templates []*template.Template, known any) []snippet {
	all := make([]snippet, len(templates))
	for i, one := range templates {
		var text strings.Builder
		if err := one.Execute(&text, known); err != nil {
			panic(err) // they are ours, and the builder takes everything
		}
		all[i] = snippet{one.Name(), strings.TrimPrefix(text.String(), "\n")}
	}
	return all
}

// quoting writes text as a literal of a language: an identifier that somebody
// chose must not become code of who copies it.
var quoting = template.FuncMap{
	"shell": func(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" },
	"quote": strconv.Quote,
	"json": func(text string) (string, error) {
		quoted, err := json.Marshal(text)
		return string(quoted), err
	},
}

func snippetTemplate(language, text string) *template.Template {
	return template.Must(template.New(language).Funcs(quoting).Parse(text))
}

// The language is the name of each template.
var secretSnippets = []*template.Template{
	snippetTemplate("curl", `
curl -sS --fail-with-body -u {{shell .ClientID}}:"$CLIENT_SECRET" \
  -d grant_type=client_credentials \
{{- with .Resource}}
  --data-urlencode {{shell (printf "resource=%s" .)}} \{{end}}
  {{shell .Endpoint}}
`),
	snippetTemplate("Go", `
package main

import (
	"context"
	"fmt"
	"log"
{{- if .Resource}}
	"net/url"{{end}}
	"os"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

func main() {
	config := clientcredentials.Config{
		ClientID:     {{quote .ClientID}},
		ClientSecret: os.Getenv("CLIENT_SECRET"),
		TokenURL:     {{quote .Endpoint}},
		AuthStyle:    oauth2.AuthStyleInHeader,
	}
{{- with .Resource}}
	config.EndpointParams = url.Values{"resource": { {{- quote .}}}}{{end}}
	token, err := config.Token(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(token.AccessToken)
}
`),
	snippetTemplate("Python", `
import base64, json, os, urllib.parse, urllib.request

login = base64.b64encode(({{json .ClientID}} + ":" + os.environ["CLIENT_SECRET"]).encode()).decode()
form = {"grant_type": "client_credentials"{{with .Resource}}, "resource": {{json .}}{{end}}}
request = urllib.request.Request(
    {{json .Endpoint}}, urllib.parse.urlencode(form).encode(), {"Authorization": "Basic " + login})
print(json.load(urllib.request.urlopen(request, timeout=10))["access_token"])
`),
	snippetTemplate("Node", `
const login = Buffer.from({{json .ClientID}} + ':' + process.env.CLIENT_SECRET).toString('base64');
const answer = await fetch({{json .Endpoint}}, {
  method: 'POST',
  headers: { authorization: 'Basic ' + login },
  body: new URLSearchParams({ grant_type: 'client_credentials'{{with .Resource}}, resource: {{json .}}{{end}} }),
});
console.log((await answer.json()).access_token);
`),
}

var keySnippets = []*template.Template{
	snippetTemplate("curl", `
curl -sS --fail-with-body \
  -d grant_type=client_credentials \
  -d client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer \
  --data-urlencode "client_assertion=$CLIENT_ASSERTION" \
{{- with .Resource}}
  --data-urlencode {{shell (printf "resource=%s" .)}} \{{end}}
  {{shell .Endpoint}}
`),
	snippetTemplate("Node", `
import { readFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { importJWK, SignJWT } from 'jose';

const jwk = JSON.parse(await readFile('key.json'));
const assertion = await new SignJWT({})
  .setProtectedHeader({ alg: jwk.alg, kid: jwk.kid })
  .setIssuer({{json .ClientID}}).setSubject({{json .ClientID}}).setAudience({{json .Issuer}})
  .setJti(randomUUID()).setIssuedAt().setExpirationTime('1m')
  .sign(await importJWK(jwk, jwk.alg));
const answer = await fetch({{json .Endpoint}}, {
  method: 'POST',
  body: new URLSearchParams({
    grant_type: 'client_credentials',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion{{with .Resource}},
    resource: {{json .}}{{end}},
  }),
});
console.log((await answer.json()).access_token);
`),
}
