package admin_test

import (
	"crypto/rand"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"keywright/registry"
)

const aDay = 24 * time.Hour

// counted adds usage of one account of a tenant, and of the tenant itself.
func (in *installation) counted(t *testing.T, tn tenant, kind, id string, at time.Time, cause registry.Cause, count int64) {
	t.Helper()
	ip := netip.MustParseAddr("192.0.2.7")
	deltas := []registry.UsageDelta{{Kind: kind, ID: id, OrganizationID: tn.id, Cause: cause, Count: count, LastAt: at, LastIP: ip}}
	if kind == registry.CredentialClient || kind == registry.CredentialAPIToken {
		deltas = append(deltas, registry.UsageDelta{
			Kind: registry.UsageOrganization, ID: tn.id, OrganizationID: tn.id, Cause: cause, Count: count, LastAt: at,
		})
	}
	must(t, in.db.AddUsage(t.Context(), rand.Text(), at, deltas))
}

// list is a list in the answer.
func (r reply) list(name string) []map[string]any {
	var all []map[string]any
	for _, item := range r.body[name].([]any) {
		all = append(all, item.(map[string]any))
	}
	return all
}

func TestUsageOfAClient(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		made := in.call(t, in.acme.admin, "POST", "/v1/clients", `{"name":"c","scopes":["a"]}`).want(t, 201, "")
		id := made.text("clientId")
		secret := made.list("secrets")[0]["id"].(string)
		now := in.clock.now()
		in.counted(t, in.acme, registry.CredentialClient, id, now.Add(-2*time.Hour), registry.CauseNone, 3)
		in.counted(t, in.acme, registry.CredentialSecret, secret, now.Add(-2*time.Hour), registry.CauseNone, 3)
		in.counted(t, in.acme, registry.CredentialClient, id, now.Add(-2*time.Hour), registry.CauseWrongSecret, 2)
		in.counted(t, in.acme, registry.CredentialClient, id, now.Add(-3*aDay), registry.CauseNone, 5)

		got := in.call(t, in.acme.admin, "GET", "/v1/clients/"+id+"/usage", "").want(t, 200, "")
		buckets := got.list("buckets")
		if len(buckets) != 24 || buckets[23]["startsAt"] != "2026-03-01T12:00:00Z" {
			t.Fatalf("got %d hours, the last %v", len(buckets), buckets[len(buckets)-1])
		}
		want := map[string]any{
			"startsAt": "2026-03-01T10:00:00Z", "uses": 3.0, "failures": 2.0, "failuresByCause": map[string]any{"wrong_secret": 2.0},
		}
		if diff := cmp.Diff(want, buckets[21]); diff != "" {
			t.Errorf("the hour of use (-want +got):\n%s", diff)
		}
		want = map[string]any{"startsAt": "2026-03-01T11:00:00Z", "uses": 0.0, "failures": 0.0, "failuresByCause": map[string]any{}}
		if diff := cmp.Diff(want, buckets[22]); diff != "" {
			t.Errorf("an hour without use (-want +got):\n%s", diff)
		}
		for name, want := range map[string]any{
			"bucket": "hour", "from": "2026-02-28T13:00:00Z", "to": "2026-03-01T13:00:00Z", "uses": 3.0, "failures": 2.0,
			"usageCount": 8.0, "failureCount": 2.0, "lastUsedAt": "2026-03-01T10:00:00Z", "lastUsedIp": "192.0.2.7",
			"lastFailure": map[string]any{"at": "2026-03-01T10:00:00Z", "ip": "192.0.2.7", "cause": "wrong_secret"},
			"values": []any{map[string]any{
				"type": "secret", "id": secret, "uses": 3.0, "usageCount": 3.0, "lastUsedAt": "2026-03-01T10:00:00Z",
			}},
			"networks": []any{map[string]any{
				"network": "192.0.2.0/24", "firstSeen": "2026-02-26T12:00:00Z", "lastSeen": "2026-03-01T10:00:00Z",
			}},
			"marks": []any{},
		} {
			if diff := cmp.Diff(want, got.body[name]); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}

		days := in.call(t, in.acme.admin, "GET", "/v1/clients/"+id+"/usage?bucket=day&from=2026-02-26T05:00:00Z&to=2026-02-27T00:00:01Z", "").want(t, 200, "")
		if b := days.list("buckets"); len(b) != 2 || b[0]["startsAt"] != "2026-02-26T00:00:00Z" || b[0]["uses"] != 5.0 || b[1]["uses"] != 0.0 {
			t.Errorf("got the days %v", b)
		}
		in.call(t, in.globex.admin, "GET", "/v1/clients/"+id+"/usage", "").want(t, 404, "not_found")
	})
}

func TestRangeOfUsage(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		for query, want := range map[string]string{
			"?bucket=week": "bucket must be hour or day",
			"?from=2026-03-01T12:00:00Z&to=2026-03-01T12:00:00Z": "from must lie before to",
			"?from=2026-03-01T13:00:00Z":                         "from must lie before to",
			"?from=2026-01-29T00:00:00Z":                         "ask for what is older with bucket=day",
			"?bucket=day&from=2025-01-01T00:00:00Z":              "usage is kept since 2025-01-26T00:00:00Z",
			"?to=2020-01-01T00:00:00Z":                           "to must lie after 2026-01-30T00:00:00Z",
			"?to=2026-01-30T00:00:00Z":                           "to must lie after 2026-01-30T00:00:00Z",
			"?bucket=day&to=2020-01-01T00:00:00Z":                "to must lie after 2025-01-26T00:00:00Z",
			"?from=2025-01-01T00:00:00Z&to=2025-01-02T00:00:00Z": "ask for what is older with bucket=day",
			"?from=yesterday":                                    "from: invalid date",
			"?unusedFor=-1":                                      "unusedFor must lie between",
			"?further=1":                                         "further: unknown",
		} {
			got := in.call(t, in.acme.admin, "GET", "/v1/usage"+query, "").want(t, 400, "malformed_request")
			if detail, _ := got.body["detail"].(string); !strings.Contains(detail, want) {
				t.Errorf("%s: got %q, want %q", query, detail, want)
			}
		}
		for query, want := range map[string]int{
			"": 24, "?bucket=day": 30, "?bucket=day&from=2025-01-26T00:00:00Z": 400, "?from=2026-01-30T00:00:00Z": 733,
			"?from=2026-03-01T12:30:00Z&to=2999-01-01T00:00:00Z": 1, "?to=2026-02-20T00:00:00Z": 24,
			"?to=2026-01-30T00:00:01Z": 1,
		} {
			got := in.call(t, in.acme.admin, "GET", "/v1/usage"+query, "").want(t, 200, "")
			if n := len(got.list("buckets")); n != want {
				t.Errorf("%s: got %d buckets, want %d", query, n, want)
			}
		}
	})
}

func TestUsageOfAnOrganization(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		now := in.clock.now()
		client := func(body string) string {
			return in.call(t, in.acme.admin, "POST", "/v1/clients", body).want(t, 201, "").text("clientId")
		}
		busy := client(`{"name":"busy","scopes":["a"],"projectId":"` + in.acme.project + `"}`)
		calm := client(`{"name":"calm","scopes":["a"],"expiresAt":"2026-03-06T00:00:00Z"}`)
		gone := client(`{"name":"gone","scopes":["a"]}`)
		in.counted(t, in.acme, registry.CredentialClient, busy, now, registry.CauseNone, 30)
		in.counted(t, in.acme, registry.CredentialClient, calm, now, registry.CauseNone, 4)
		in.counted(t, in.acme, registry.CredentialClient, calm, now, registry.CauseAddressOffList, 1)
		in.counted(t, in.acme, registry.CredentialClient, gone, now, registry.CauseNone, 100)
		in.call(t, in.acme.admin, "DELETE", "/v1/clients/"+gone, "").want(t, 204, "")

		got := in.call(t, in.acme.admin, "GET", "/v1/usage", "").want(t, 200, "")
		for name, want := range map[string]any{
			"uses": 134.0, "failures": 1.0, "failuresByCause": map[string]any{"address_off_list": 1.0},
			"top": []any{
				map[string]any{"type": "client", "id": busy, "name": "busy", "uses": 30.0, "failures": 0.0},
				map[string]any{"type": "client", "id": calm, "name": "calm", "uses": 4.0, "failures": 1.0},
			},
			"credentials": []any{
				map[string]any{"type": "client", "status": "active", "count": 2.0},
				map[string]any{"type": "api_token", "status": "active", "count": 1.0},
			},
			"neverUsed": 1.0, "unused": 0.0, "unusedForSeconds": 7776000.0, "rotationDue": 0.0, "marks": []any{},
		} {
			if diff := cmp.Diff(want, got.body[name]); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		wantExpiring(t, got, "client 30d", "client 7d")
		for unusedFor, want := range map[string]float64{"0": 3, "1": 0, "": 0} { // of all that were used or made just now
			got := in.call(t, in.acme.admin, "GET", "/v1/usage?unusedFor="+unusedFor, "").want(t, 200, "")
			if got.body["unused"] != want {
				t.Errorf("unusedFor=%s: %v are unused, want %v", unusedFor, got.body["unused"], want)
			}
		}

		// What is bound to a project sees what is in it.
		bound := in.token(t, in.acme, in.acme.project, "keywright:read")
		for _, r := range []reply{
			in.call(t, bound, "GET", "/v1/usage", ""), in.call(t, in.acme.admin, "GET", "/v1/usage?projectId="+in.acme.project, ""),
		} {
			r.want(t, 200, "")
			if top := r.list("top"); r.body["uses"] != 30.0 || len(top) != 1 || top[0]["id"] != busy {
				t.Errorf("got %v uses, top %v, want those of the project", r.body["uses"], top)
			}
			wantExpiring(t, r)
		}
		in.call(t, bound, "GET", "/v1/clients/"+busy+"/usage", "").want(t, 200, "")
		in.call(t, bound, "GET", "/v1/clients/"+calm+"/usage", "").want(t, 404, "not_found")
		elsewhere := in.call(t, in.acme.admin, "POST", "/v1/projects", `{"name":"elsewhere"}`).want(t, 201, "").text("id")
		in.call(t, bound, "GET", "/v1/usage?projectId="+elsewhere, "").want(t, 404, "not_found")
		in.call(t, in.globex.admin, "GET", "/v1/usage?projectId="+in.acme.project, "").want(t, 404, "not_found")
		if other := in.call(t, in.globex.admin, "GET", "/v1/usage", "").want(t, 200, ""); other.body["uses"] != 0.0 {
			t.Errorf("another organization sees %v uses", other.body["uses"])
		}

		// After a while without use.
		in.clock.advance(90 * aDay)
		got = in.call(t, in.acme.admin, "GET", "/v1/usage", "").want(t, 200, "")
		if got.body["unused"] != 3.0 || got.body["rotationDue"] != 3.0 {
			t.Errorf("got %v unused, %v due for rotation", got.body["unused"], got.body["rotationDue"])
		}
	})
}

// wantExpiring wants these to expire, and nothing else.
func wantExpiring(t *testing.T, r reply, want ...string) {
	t.Helper()
	var got []string
	for _, e := range r.list("expiring") {
		if e["count"] != 0.0 {
			got = append(got, fmt.Sprintf("%s %s", e["type"], e["within"]))
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("expiring: got %q, want %q", got, want)
	}
}

func TestMarksAreShown(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		id := in.call(t, in.acme.admin, "POST", "/v1/clients", `{"name":"c","scopes":["a"]}`).want(t, 201, "").text("clientId")
		now := in.clock.now()
		in.counted(t, in.acme, registry.CredentialClient, id, now.Add(-40*aDay), registry.CauseNone, 1)
		in.counted(t, in.acme, registry.CredentialClient, id, now, registry.CauseNone, 1)
		marks, err := in.service.MarkUsage(t.Context(), registry.Server(), now)
		must(t, err)
		if len(marks) != 1 {
			t.Fatalf("got %d marks", len(marks))
		}
		want := []any{map[string]any{
			"type": "client", "id": id, "mark": "silence", "at": "2026-03-01T12:00:00Z", "uses": nil, "mostBefore": nil,
			"lastUsedAt": "2026-01-20T12:00:00Z", "network": nil,
		}}
		for _, path := range []string{"/v1/usage", "/v1/clients/" + id + "/usage"} {
			got := in.call(t, in.acme.admin, "GET", path, "").want(t, 200, "")
			if diff := cmp.Diff(want, got.body["marks"]); diff != "" {
				t.Errorf("%s (-want +got):\n%s", path, diff)
			}
		}
		if got := in.call(t, in.globex.admin, "GET", "/v1/usage", "").want(t, 200, ""); len(got.list("marks")) != 0 {
			t.Errorf("another organization sees %v", got.body["marks"])
		}
		if got := in.call(t, in.token(t, in.acme, in.acme.project, "keywright:read"), "GET", "/v1/usage", ""); len(got.list("marks")) != 0 {
			t.Errorf("a project sees %v of what lies outside", got.body["marks"])
		}
	})
}
