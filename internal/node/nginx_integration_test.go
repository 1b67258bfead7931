//go:build integration

package node_test

import (
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/ledger"
)

// nginxBuffers is how much may arrive after a cut: what lies in the socket buffers of
// nginx and of the receiver. A proxy that buffers by itself would go on for the whole file.
const nginxBuffers = 16 << 20

// TestLiveNginx serves a node behind nginx with the server of docs/delivery.md: a delivery
// that is cut does not go on, and an upload passes.
func TestLiveNginx(t *testing.T) {
	program, err := exec.LookPath("nginx")
	if err != nil {
		if program = "/usr/sbin/nginx"; exec.CommandContext(t.Context(), program, "-v").Run() != nil { // Debian's, which is not in every PATH
			t.Skip("there is no nginx")
		}
	}
	w := serve(t, nil)
	w.register("bus", "holder")
	file := data(64 << 20)
	direct := w.url
	w.url = startNginx(t, program, strings.TrimPrefix(direct, "http://"))
	for name := range w.party {
		w.speak(name, w.party[name].Profile().Party)
	}
	made := w.upload("operator", file)
	w.sale("sale", "bus", made, ledger.Quota{})
	running, read := w.begun("buyer", orderPath("sale", made.Object))
	w.act("authority", ref(ledger.KindLicense, "sale"), ledger.FnLicenseTerminate)
	acknowledged := ledger.Millis(time.Now().UnixMilli())
	end := w.ended(ledger.ID(running.Header.Get("Cadastre-Receipt")))
	rest, err := io.Copy(io.Discard, running.Body)
	if err == nil || rest > nginxBuffers {
		t.Errorf("%d bytes came after the cut, %v", rest, err)
	}
	if end.Outcome != ledger.Aborted || end.Time > acknowledged+second || end.Bytes < rest+int64(read) || end.Bytes >= int64(len(file)) {
		t.Errorf("the end receipt is %+v; %d bytes came", end, rest+int64(read))
	}
	t.Logf("%d bytes came after the cut", rest)
	w.refused(w.ask(http.MethodGet, "buyer", orderPath("sale", made.Object)), http.StatusForbidden, ledger.ReasonLicense)
}

// startNginx runs nginx with the server of docs/delivery.md before a node, on a free port
// and without TLS, and returns its address.
func startNginx(t *testing.T, program, node string) (url string) {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "delivery.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, block, found := strings.Cut(string(page), "    server {\n")
	block, _, closed := strings.Cut(block, "\n    }\n")
	if !found || !closed {
		t.Fatal("docs/delivery.md has no server")
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	for _, change := range [][2]string{{"listen 443 ssl;", "listen " + address + ";"}, {"ssl_certificate /etc/nginx/cert.pem;", ""}, {"ssl_certificate_key /etc/nginx/key.pem;", ""}, {"http://127.0.0.1:8480", "http://" + node}} {
		if !strings.Contains(block, change[0]) {
			t.Fatalf("the server of docs/delivery.md has no %q", change[0])
		}
		block = strings.Replace(block, change[0], change[1], 1)
	}
	dir := t.TempDir()
	temporary := ""
	for _, name := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		temporary += name + "_temp_path " + filepath.Join(dir, name) + ";\n"
	}
	config := filepath.Join(dir, "nginx.conf")
	text := "daemon off;\npid " + filepath.Join(dir, "pid") + ";\nevents {}\nhttp {\naccess_log off;\n" + temporary + "server {\n" + block + "\n}\n}\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	run := exec.Command(program, "-p", dir, "-c", config, "-e", "stderr")
	var log strings.Builder
	run.Stderr = &log
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := run.Process.Signal(os.Interrupt); err != nil {
			t.Error(err)
		}
		_ = run.Wait() // it was interrupted
		if t.Failed() {
			t.Log(log.String())
		}
	})
	until(t, "nginx accepts", func() bool {
		c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
	return "http://" + address
}
