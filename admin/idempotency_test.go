package admin_test

import (
	"encoding/json"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"keywright/admin"
	"keywright/registry"
	"keywright/storage"
	"keywright/storage/storagetest"
)

const keyHeader = "Idempotency-Key"

func TestARepeatedRequestIsCarriedOutOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		const body = `{"name":"once","scopes":["a"]}`
		first := in.call(t, in.acme.admin, "POST", "/v1/clients", body, keyHeader, "k 1").want(t, 201, "")
		if first.text("clientSecret") == "" || first.header.Get("Idempotency-Replayed") != "" {
			t.Errorf("first: got %s", first.raw)
		}
		again := in.call(t, in.acme.admin, "POST", "/v1/clients", body, keyHeader, "k 1").want(t, 201, "")
		if again.text("clientId") != first.text("clientId") || again.header.Get("Location") != first.header.Get("Location") ||
			again.header.Get("ETag") != first.header.Get("ETag") || again.header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("again: got %s %v", again.raw, again.header)
		}
		if _, has := again.body["clientSecret"]; has || strings.Contains(again.raw, first.text("clientSecret")) {
			t.Error("the replay shows the secret")
		}
		if got := len(in.call(t, in.acme.admin, "GET", "/v1/clients", "").body["items"].([]any)); got != 1 {
			t.Errorf("got %d clients, want 1", got)
		}

		in.call(t, in.acme.admin, "POST", "/v1/clients", `{"name":"other","scopes":["a"]}`, keyHeader, "k 1").want(t, 422, "idempotency_key_reused")
		other := in.call(t, in.acme.admin, "POST", "/v1/clients", body, keyHeader, "k 2").want(t, 201, "")
		if other.text("clientId") == first.text("clientId") {
			t.Error("another key got the same client")
		}
		// The key belongs to a principal, a method and a path.
		in.call(t, in.globex.admin, "POST", "/v1/clients", body, keyHeader, "k 1").want(t, 201, "")
		in.call(t, in.token(t, in.acme, "", "keywright:write"), "POST", "/v1/clients", body, keyHeader, "k 1").want(t, 201, "")
		one := "/v1/clients/" + first.text("clientId")
		regenerated := in.call(t, in.acme.admin, "POST", one+"/regenerate", "", keyHeader, "k 1").want(t, 200, "")
		replayed := in.call(t, in.acme.admin, "POST", one+"/regenerate", "", keyHeader, "k 1").want(t, 200, "")
		if regenerated.text("clientSecret") == "" || replayed.text("clientSecret") != "" || replayed.header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("got %s", replayed.raw)
		}
		// On another method it means nothing.
		in.call(t, in.acme.admin, "PATCH", one, `{"name":"y"}`, keyHeader, "k 1").want(t, 200, "")

		in.clock.advance(registry.KeyKept - time.Second)
		in.call(t, in.acme.admin, "POST", "/v1/clients", body, keyHeader, "k 2").want(t, 201, "")
		in.clock.advance(2 * time.Second)
		later := in.call(t, in.acme.admin, "POST", "/v1/clients", body, keyHeader, "k 1").want(t, 201, "")
		if later.text("clientId") == first.text("clientId") || later.text("clientSecret") == "" {
			t.Error("after a day the key was not forgotten")
		}
		n, err := in.db.PruneKeyedRequests(t.Context(), in.clock.now().Add(-registry.KeyKept))
		if err != nil || n < 3 {
			t.Errorf("pruned %d, %v", n, err)
		}
	})
}

func TestBadIdempotencyKeys(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		const body = `{"name":"x","scopes":["a"]}`
		for _, key := range []string{"", strings.Repeat("k", 256), "schlüssel", "a\tb"} {
			in.call(t, in.acme.admin, "POST", "/v1/clients", body, keyHeader, key).want(t, 400, "malformed_request")
		}
		in.call(t, in.acme.admin, "POST", "/v1/clients", body, keyHeader, "a", keyHeader, "b").want(t, 400, "malformed_request")
		in.call(t, in.acme.admin, "POST", "/v1/clients", body, keyHeader, strings.Repeat("k", 255)).want(t, 201, "")

		// What was refused is not remembered: the corrected request may have its key.
		in.call(t, in.acme.admin, "POST", "/v1/clients", `{"name":"x"}`, keyHeader, "c").want(t, 422, "invalid_input")
		in.call(t, in.acme.admin, "POST", "/v1/clients", body, keyHeader, "c").want(t, 201, "")
	})
}

func TestParallelRequestsWithOneKeyChangeOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		var all sync.WaitGroup
		statuses := make(chan int, 10)
		for range cap(statuses) {
			all.Go(func() {
				r := in.call(t, in.acme.admin, "POST", "/v1/clients", `{"name":"x","scopes":["a"]}`, keyHeader, "same")
				if r.status != 201 {
					r.want(t, 409, "conflict")
				}
				statuses <- r.status
			})
		}
		all.Wait()
		if got := len(in.call(t, in.acme.admin, "GET", "/v1/clients", "").body["items"].([]any)); got != 1 {
			t.Errorf("got %d clients, want 1", got)
		}
		in.call(t, in.acme.admin, "POST", "/v1/clients", `{"name":"x","scopes":["a"]}`, keyHeader, "same").want(t, 201, "")
	})
}

// TestALostAnswerIsToldAndNothingIsDoneTwice lets the answer not be stored, as
// a crash right after the commit does.
func TestALostAnswerIsToldAndNothingIsDoneTwice(t *testing.T) {
	t.Parallel()
	for dialect, trigger := range map[string]string{
		storagetest.SQLite: `CREATE TRIGGER refuse BEFORE UPDATE ON idempotency_keys BEGIN SELECT RAISE(FAIL, 'refused'); END`,
		storagetest.Postgres: `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$;
			CREATE TRIGGER refuse BEFORE UPDATE ON idempotency_keys EXECUTE FUNCTION refuse()`,
	} {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			url := storagetest.URL(t, dialect)
			in := install(t, storagetest.OpenWith(t, storage.Config{URL: url}))
			_, err := storagetest.SQL(t, url).Exec(trigger)
			must(t, err)
			const body = `{"name":"x","scopes":["a"]}`
			made := in.call(t, in.acme.admin, "POST", "/v1/clients", body, keyHeader, "k").want(t, 201, "")
			lost := in.call(t, in.acme.admin, "POST", "/v1/clients", body, keyHeader, "k").want(t, 409, "conflict")
			if !strings.Contains(lost.text("detail"), made.text("clientId")) {
				t.Errorf("got %s, want the id of what was made", lost.raw)
			}
			in.call(t, in.acme.admin, "POST", "/v1/clients", `{"name":"y","scopes":["a"]}`, keyHeader, "k").want(t, 422, "idempotency_key_reused")
			if got := len(in.call(t, in.acme.admin, "GET", "/v1/clients", "").body["items"].([]any)); got != 1 {
				t.Errorf("got %d clients, want 1", got)
			}
		})
	}
}

// TestNoAnswerIsKeptWithItsSecret sends every POST that shows a secret with a
// key, and looks for the secrets in the whole table.
func TestNoAnswerIsKeptWithItsSecret(t *testing.T) {
	t.Parallel()
	storagetest.Each(t, func(t *testing.T, dialect string) {
		url := storagetest.URL(t, dialect)
		in := install(t, storagetest.OpenWith(t, storage.Config{URL: url}))
		made := in.call(t, in.acme.admin, "POST", "/v1/clients", `{"name":"x","scopes":["a"]}`, keyHeader, "1").want(t, 201, "")
		one := "/v1/clients/" + made.text("clientId")
		texts := []string{
			made.text("clientSecret"),
			in.call(t, in.acme.admin, "POST", one+"/secrets", "", keyHeader, "2").want(t, 201, "").text("clientSecret"),
			in.call(t, in.acme.admin, "POST", one+"/regenerate", "", keyHeader, "3").want(t, 200, "").text("clientSecret"),
		}
		rows, err := storagetest.SQL(t, url).Query("SELECT body FROM idempotency_keys WHERE status IS NOT NULL")
		must(t, err)
		defer rows.Close()
		n := 0
		for ; rows.Next(); n++ {
			var body string
			must(t, rows.Scan(&body))
			for _, text := range texts {
				if text == "" || strings.Contains(body, text) {
					t.Error("a kept answer holds a secret")
				}
			}
		}
		if must(t, rows.Err()); n != 3 {
			t.Errorf("got %d kept answers, want 3", n)
		}
	})
}

// TestEverySecretOfTheDocumentIsTakenOut finds the members that the OpenAPI
// document says are shown once.
func TestEverySecretOfTheDocumentIsTakenOut(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(openAPIFile)
	must(t, err)
	var document any
	must(t, json.Unmarshal(raw, &document))
	found := map[string]bool{}
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			properties, _ := v["properties"].(map[string]any)
			for name, p := range properties {
				member, _ := p.(map[string]any)
				if text, _ := member["description"].(string); strings.Contains(text, "in this answer alone") || strings.Contains(text, "Shown once") {
					found[name] = true
				}
			}
			for _, member := range v {
				walk(member)
			}
		case []any:
			for _, member := range v {
				walk(member)
			}
		}
	}
	walk(document)
	if !found["clientSecret"] || !found["password"] {
		t.Fatal("clientSecret was not found: or password: is the wording another?")
	}
	for name := range found {
		if !admin.ShownOnce(name) {
			t.Errorf("%s is kept in replays: add it to shownOnce", name)
		}
	}
}
