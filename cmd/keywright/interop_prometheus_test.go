package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"keywright/internal/testserver"
)

// TestInteropPrometheus lets a Prometheus that is configured as
// docs/integrate.md says scrape a target that checks its token.
func TestInteropPrometheus(t *testing.T) {
	t.Parallel()
	binary := peer(t, "KEYWRIGHT_PROMETHEUS")
	in := install(t, interop(t))
	target := in.newTarget(t)
	right, wrong := in.newClient(t, map[string]any{"name": "Prometheus"}), in.newClient(t, map[string]any{"name": "Mistyped"})
	wrong.Secret = right.Secret

	shown := blocksOf(t, integrateDocument, "Prometheus", "yaml")[0].script
	head, job, _ := strings.Cut(shown, "scrape_configs:\n")
	config := head + "global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs:\n"
	for name, client := range map[string]credential{"right": right, "wrong": wrong} {
		config += replace(t, job, map[string]string{
			"job_name: documents": "job_name: " + name, "scheme: https": "scheme: http",
			"client_id: CLIENT_ID": "client_id: " + client.ID, "client_secret: CLIENT_SECRET": "client_secret: " + client.Secret,
			"https://auth.example.com": in.public, "documents.example.com": strings.TrimPrefix(target.URL, "http://"),
		})
	}
	p := startPrometheus(t, binary, config)
	p.await(t, "right", "up", "")
	p.await(t, "wrong", "down", "invalid_client")

	// Prometheus goes on using the token it has.
	in.admin(t, "POST", "/v1/clients/"+right.ID+"/revoke", nil, http.StatusOK)
	p.await(t, "right", "down", "401")
}

// replace puts what a test has in the place of what a document shows; all of
// it must be there.
func replace(t *testing.T, shown string, pairs map[string]string) string {
	t.Helper()
	for old, with := range pairs {
		if !strings.Contains(shown, old) {
			t.Fatalf("the document does not show %q", old)
		}
		shown = strings.ReplaceAll(shown, old, with)
	}
	return shown
}

// prometheus is one that runs.
type prometheus struct{ url string }

// startPrometheus starts one on loopback that ends with the test.
func startPrometheus(t *testing.T, binary, config string) prometheus {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "prometheus.yml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	log := testserver.NewOutput()
	cmd := exec.Command(binary, "--config.file=prometheus.yml", "--storage.tsdb.path=data", "--web.listen-address=127.0.0.1:0")
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = dir, log, log, testserver.Lifeline()
	ended := startPeer(t, cmd)
	listening := regexp.MustCompile(`msg="Listening on".* address=(127\.0\.0\.1:\d+)`)
	for deadline := time.After(patience); ; {
		if found := listening.FindStringSubmatch(log.String()); found != nil {
			return prometheus{"http://" + found[1]}
		}
		select {
		case <-log.Wrote:
		case <-ended:
			t.Fatalf("Prometheus ended:\n%s", log)
		case <-deadline:
			t.Fatalf("Prometheus does not listen:\n%s", log)
		}
	}
}

// await waits until the target of a job has that health, for that reason.
func (p prometheus) await(t *testing.T, job, health, reason string) {
	t.Helper()
	var seen string
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		res, err := http.Get(p.url + "/api/v1/targets?state=active")
		if err != nil {
			continue // it is still starting
		}
		var answer struct {
			Data struct {
				ActiveTargets []struct{ ScrapePool, Health, LastError string }
			}
		}
		err = json.NewDecoder(res.Body).Decode(&answer)
		res.Body.Close()
		if err != nil {
			continue
		}
		for _, target := range answer.Data.ActiveTargets {
			if target.ScrapePool != job {
				continue
			}
			if seen = fmt.Sprintf("%s %q", target.Health, target.LastError); target.Health == health && strings.Contains(target.LastError, reason) {
				return
			}
		}
	}
	t.Fatalf("the target of job %s is %s, want %s %q", job, seen, health, reason)
}
