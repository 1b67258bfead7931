package embedded_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/datacadastre/cadastre/internal/tlog"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/embedded"
)

func newRows(t testing.TB) tlog.Codec {
	t.Helper()
	c, err := embedded.NewRows()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// recording is a codec that records what it encodes.
type recording struct {
	tlog.Codec
	mu      sync.Mutex
	entries []tlog.Entry
}

// Encode returns the row of an entry.
func (k *recording) Encode(e tlog.Entry) ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.entries = append(k.entries, tlog.Entry{Data: bytes.Clone(e.Data), Extra: bytes.Clone(e.Extra)})
	return k.Codec.Encode(e)
}

// registered is what the calls of some registrations gave to the log.
func registered(t testing.TB, n int) (*register, []tlog.Entry) {
	t.Helper()
	k := &recording{Codec: newRows(t)}
	r := newRegister(t, k)
	r.fill(t, n)
	return r, k.entries
}

// jwsEntry is an entry with that text as its call.
func jwsEntry(jws string) []byte { return []byte(`{"v":1,"seq":7,"call":"` + jws + `","writes":"00"}`) }

func TestRow(t *testing.T) {
	codec := newRows(t)
	text := strings.Repeat("eyJ9", 20)
	for name, data := range map[string][]byte{
		"none": nil, "empty": {}, "not JSON": {0xff, 0, '"'}, "no call": []byte(`{"v":1}`),
		"JWS":          jwsEntry(text + ".e30.AAEC"),
		"empty parts":  jwsEntry(".."),
		"two parts":    jwsEntry(text + ".e30"),
		"four parts":   jwsEntry(text + ".e30.AAEC.AAEC"),
		"not base64":   jwsEntry(text + ".e3!.AAEC"),
		"padded":       jwsEntry(text + "eyI=.e30.AAEC"),
		"spare bits":   jwsEntry(text + ".e31.AAEC"),
		"line break":   jwsEntry(text + ".e3\n0.AAEC"),
		"plain base64": jwsEntry(text + "+/+/.e30.AAEC"),
		"unterminated": []byte(`{"call":"eyJ9.e30.AAEC`),
		"two calls":    append(jwsEntry(text+".e30.AAEC"), jwsEntry(text+".e30.AAEC")...),
		"long":         bytes.Repeat([]byte("x"), tlog.MaxEntry),
	} {
		for _, extra := range [][]byte{nil, {}, []byte("extra")} {
			want := tlog.Entry{Data: data, Extra: extra}
			row, err := codec.Encode(want)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if got, err := codec.Decode(row); err != nil || !cmp.Equal(got, want) {
				t.Errorf("%s: %q came back as %q, %v", name, want, got, err)
			}
		}
		// Decoded, a JWS is shorter than its text; what would not come back the same isn't.
		taken := len(embedded.PlainRow(tlog.Entry{Data: data})) < len(data)
		if want := slices.Contains([]string{"JWS", "two calls"}, name); taken != want && name != "empty parts" {
			t.Errorf("%s: JWS taken apart: %t", name, taken)
		}
	}
}

// TestStored holds that an event comes back with its values, which its row has once.
func TestStored(t *testing.T) {
	writes := []ledger.Write{
		{Key: "call/x", Value: []byte(`{"i":0}`)},
		{Key: "code/1"},
		{Key: "empty", Value: []byte{}},
		{Key: "one", Value: []byte(`{"long":"value of a record"}`)},
		{Key: "two", Value: []byte(`{"long":"value of another"}`)},
	}
	for name, event := range map[string]string{
		"values":    `[{"ref":"two","value":{"long":"value of another"}},{"ref":"one","value":{"long":"value of a record"}}]`,
		"repeated":  `{"value":{"i":0},"value":{"i":0}}`,
		"other":     `{"value":{"i":1},"value":`,
		"no values": `{}`,
	} {
		data := embedded.EncodeStored([]byte(event), writes)
		got, back, err := embedded.DecodeStored(data)
		if err != nil || string(got) != event || !cmp.Equal(back, writes) {
			t.Errorf("%s: %q came back as %q, %q, %v", name, event, got, back, err)
		}
		if name == "values" && bytes.Count(data, []byte("value of a")) != 2 {
			t.Errorf("%s are stored twice: %q", name, data)
		}
	}
}

// TestEventOfStored: an event is decoded as encoding/json decodes its text, whatever
// values it leaves to the writes; so is an entry, whatever its call holds.
func TestEventOfStored(t *testing.T) {
	writes := []ledger.Write{
		{Key: "one", Value: []byte(`{"long":"value of a record"}`)},
		{Key: "two", Value: []byte(`{"value":{"a":1}}`)},
		{Key: "three", Value: []byte(`{"a":1}`)},
		{Key: "four", Value: []byte(`12`)},
		{Key: "five", Value: []byte(`{"a":1},{}`)},
	}
	events := []string{
		`{"name":"x","records":[{"ref":"two","value":{"value":{"a":1}}},{"ref":"one","value":{"long":"value of a record"}}],"links":[]}`,
		`{"records":[{"ref":"other","value":{"value":{"a":1},"b":2}},{"ref":"three","value":{"a":1}}]}`,
		`{"records":[{"ref":"four","value":12},{"ref":"x","value":123},{"ref":"y","value":1}]}`,
		`{"records":[{"ref":"three","value":{"a":1}},{"ref":"y","value":3}]}`,
		`{"records":[{"ref":"five","value":{"a":1},{}}]}`,
		`{"records":[{"ref":"three","value": {"a":1}},{"ref":"three","value":{"a":1} }]}`,
		`{"records":[],"value":{"a":1}}`,
		`{"records":[{"ref":"x"}],"payload":"\u0000"}`,
		`{"records":`,
	}
	_, entries := registered(t, 2)
	for _, e := range entries {
		event, w, err := embedded.DecodeStored(e.Extra)
		if err != nil {
			t.Fatal(err)
		}
		sameEvent(t, event, w)
		sameEntry(t, e.Data)
		sameEntry(t, bytes.Replace(e.Data, []byte(`"call":"`), []byte(`"call":"\u0065`), 1))
		sameEntry(t, bytes.Replace(e.Data, []byte(`"reads"`), []byte(`"call":"x","reads"`), 1))
		sameEntry(t, bytes.Replace(e.Data, []byte(`"call":"`), []byte("\"call\":\"\xff"), 1))
	}
	for _, event := range events {
		sameEvent(t, []byte(event), writes)
	}
}

func sameEvent(t *testing.T, event []byte, writes []ledger.Write) {
	t.Helper()
	var want ledger.Event
	bad := json.Unmarshal(event, &want) != nil
	got, err := embedded.EventOf(embedded.EncodeStored(event, writes))
	if bad != (err != nil) || !bad && !cmp.Equal(got, want) {
		t.Errorf("%s is decoded as %+v, %v", event, got, err)
	}
}

func sameEntry(t *testing.T, data []byte) {
	t.Helper()
	var want ledger.LogEntry
	bad := json.Unmarshal(data, &want) != nil
	got, err := embedded.DecodeEntry(data)
	if bad != (err != nil) || !bad && got != want {
		t.Errorf("%s is decoded as %+v, %v", data, got, err)
	}
}

// TestRowsOfLedger holds the rows of real calls against what the log was given:
// values once, and any changed byte is found.
func TestRowsOfLedger(t *testing.T) {
	_, entries := registered(t, 1)
	codec := newRows(t)
	for i, want := range entries {
		row, err := codec.Encode(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := codec.Decode(row)
		if err != nil || !cmp.Equal(got, want) {
			t.Fatalf("entry %d came back as another: %v", i, err)
		}
		event, writes, err := embedded.DecodeStored(want.Extra)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range writes {
			if bytes.Contains(event, w.Value) && bytes.Count(want.Extra, w.Value) != 1 && len(w.Value) > 64 {
				t.Errorf("entry %d holds the value of %s %d times", i, w.Key, bytes.Count(want.Extra, w.Value))
			}
		}
		for at := range row {
			bad := bytes.Clone(row)
			bad[at] ^= 1 << (at % 8)
			if got, err := codec.Decode(bad); err == nil && !cmp.Equal(got, want) {
				t.Fatalf("entry %d with byte %d changed is read as another", i, at)
			}
			if _, err := codec.Decode(row[:at]); err == nil && at > 0 {
				t.Fatalf("the first %d bytes of entry %d are read as an entry", at, i)
			}
		}
	}
}

// TestRowIsBounded holds that no row asks for more memory than maxRow.
func TestRowIsBounded(t *testing.T) {
	codec := newRows(t)
	if _, err := codec.Encode(tlog.Entry{Extra: make([]byte, embedded.MaxRow)}); err == nil {
		t.Error("a row was made that can't be read")
	}
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	bomb := enc.EncodeAll(embedded.PlainRow(tlog.Entry{Extra: make([]byte, embedded.MaxRow)}), nil)
	if _, err := codec.Decode(bomb); err == nil {
		t.Errorf("a row of %d bytes gave more than %d", len(bomb), embedded.MaxRow)
	}
	// An event that names one long value very often.
	data := embedded.EncodeStored(nil, []ledger.Write{{Key: "k", Value: make([]byte, embedded.MaxRow/8)}})
	data = append(data[:len(data)-2], bytes.Repeat([]byte{0, 1}, 9)...)
	if event, _, err := embedded.DecodeStored(append(data, 0, 0)); err == nil {
		t.Errorf("an event of %d bytes was read", len(event))
	}
	if _, _, err := embedded.DecodeStored(binary.AppendUvarint(nil, 1<<40)); err == nil {
		t.Error("a write set of 2^40 keys was read")
	}
}

// TestServedAsGiven holds what is served, proved and handed out against what the
// log was given, which no form of rows may change.
func TestServedAsGiven(t *testing.T) {
	r, entries := registered(t, 55) // more than a full bundle
	_, size, err := r.Checkpoint(t.Context(), int64(len(entries)))
	if err != nil || size != int64(len(entries)) {
		t.Fatalf("%d of %d entries are published: %v", size, len(entries), err)
	}
	h := r.Handler(func(*http.Request) bool { return true })
	for n, path := range []string{"/tile/entries/000", "/tile/entries/001.p/" + strconv.Itoa(len(entries)%256)} {
		var want []byte
		for _, e := range entries[256*n : min(len(entries), 256*(n+1))] {
			want = append(binary.BigEndian.AppendUint16(want, uint16(len(e.Data))), e.Data...)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if w.Code != http.StatusOK || !bytes.Equal(w.Body.Bytes(), want) {
			t.Errorf("%s: %d, %d bytes that are not the %d given", path, w.Code, w.Body.Len(), len(want))
		}
	}
	next := 0
	for b, err := range r.Blocks(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		checkGiven(t, entries[next], b.Calls[0])
		if next++; next == len(entries) {
			break
		}
	}
	if err := r.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

// checkGiven holds a call that is handed out against the entry of the log.
func checkGiven(t *testing.T, e tlog.Entry, c ledger.Committed) {
	t.Helper()
	var entry ledger.LogEntry
	if err := json.Unmarshal(e.Data, &entry); err != nil {
		t.Fatal(err)
	}
	event, err := json.Marshal(c.Event)
	if err != nil {
		t.Fatal(err)
	}
	if c.JWS != entry.Call || ledger.DigestOf(event) != entry.Event || ledger.HashWrites(c.Writes) != entry.Writes {
		t.Errorf("entry %d is not handed out as it was given", entry.Seq)
	}
}

func FuzzDecodeRow(f *testing.F) {
	codec := newRows(f)
	extra := embedded.EncodeStored([]byte(`{"records":[{"ref":"a/1","value":{"id":"1"}}]}`),
		[]ledger.Write{{Key: "a/1", Value: []byte(`{"id":"1"}`)}, {Key: "title/x"}})
	for _, e := range []tlog.Entry{
		{Data: jwsEntry("eyJ9.e30.AAEC"), Extra: extra}, {Data: jwsEntry("eyJ9.e31.AAEC")}, {},
	} {
		row, err := codec.Encode(e)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(row, e.Data, e.Extra)
		f.Add(embedded.PlainRow(e), e.Extra, e.Data)
	}
	f.Fuzz(func(t *testing.T, row, data, extra []byte) {
		want := tlog.Entry{Data: data, Extra: extra}
		comesBack(t, codec, want)
		// Any bytes as a row, as what a row decompresses to, and as event and write set.
		if e, err := codec.Decode(row); err == nil {
			comesBack(t, codec, e)
		}
		if e, err := embedded.ParseRow(row); err == nil {
			comesBack(t, codec, e)
		}
		event, writes, err := embedded.DecodeStored(extra)
		if err != nil {
			return
		}
		again, back, err := embedded.DecodeStored(embedded.EncodeStored(event, writes))
		if err != nil || !bytes.Equal(again, event) || !cmp.Equal(back, writes) {
			t.Errorf("%q with %q came back as %q with %q, %v", event, writes, again, back, err)
		}
	})
}

// comesBack wants an entry to survive its row.
func comesBack(t *testing.T, codec tlog.Codec, e tlog.Entry) {
	t.Helper()
	row, err := codec.Encode(e)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := codec.Decode(row); err != nil || !cmp.Equal(got, e) {
		t.Errorf("%q came back as %q, %v", e, got, err)
	}
}
