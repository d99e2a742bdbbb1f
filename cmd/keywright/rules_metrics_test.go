package main

import (
	"fmt"
	"strings"
)

func rule38(s *scene) {
	_, c := s.client(object{"name": "Watched", "scopes": []string{"a"}, "watch": true})
	for range 3 {
		s.fetch(c)
	}
	s.authenticates(credential{c.ID, "kws_wrong"}) // which is no use
	s.await("the count of uses", func() bool { return s.get("/v1/clients/"+c.ID).number("usageCount") == 3 })
	lastUsed := s.get("/v1/clients/" + c.ID).time("lastUsedAt")

	// It has series of its own, whatever else is used more often.
	shown := get(s.t, s.metrics+"/metrics")
	labels := fmt.Sprintf(`{credential_id=%q,type="client"} `, c.ID)
	for metric, want := range map[string]float64{
		"keywright_credential_usage_total":                 3,
		"keywright_credential_last_used_timestamp_seconds": float64(lastUsed.UnixMicro()) / 1e6,
	} {
		if line := metric + labels + fmt.Sprint(want) + "\n"; !strings.Contains(shown, line) {
			s.t.Errorf("%sis missing in\n%s", line, shown)
		}
	}
	for _, counted := range []string{"keywright_credential_usage_series_dropped ", `keywright_client_authentications_total{method="client_secret_basic",outcome="wrong_secret"} `} {
		if !strings.Contains(shown, counted) {
			s.t.Errorf("%sis missing", counted)
		}
	}
}
