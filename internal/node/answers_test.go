package node_test

import (
	"bytes"
	"cmp"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"

	"github.com/datacadastre/cadastre/internal/node"
	"github.com/datacadastre/cadastre/internal/web"
)

// maxCheckedAnswer is the length of the longest answer whose body is checked, in bytes.
const maxCheckedAnswer = 1 << 20

// checkAnswers checks every answer of a node against the generated OpenAPI document:
// operation, status, media type, headers and, of JSON, the body. An answer that
// differs fails the test.
func (w *world) checkAnswers(n *node.Node, next http.Handler) http.Handler {
	w.t.Helper()
	check := answerChecker(w.t, n)
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if !describedPath(r.URL.Path) || r.Method == http.MethodHead {
			next.ServeHTTP(rw, r)
			return
		}
		rec := &recorder{ResponseWriter: rw, code: http.StatusOK}
		next.ServeHTTP(rec, r)
		for _, fault := range rec.faults(r, check) {
			w.t.Errorf("%s %s answers %d: %s\n%.600s", r.Method, r.URL.Path, rec.code, fault, rec.body.Bytes())
		}
	})
}

// describedPath reports whether the OpenAPI document has to describe a path. Pages,
// the document itself and the logs (C2SP tlog-tiles) are described elsewhere.
func describedPath(path string) bool {
	return strings.HasPrefix(path, "/v1/") || path == "/healthz" || path == "/readyz"
}

// recorder records the status and the JSON body of an answer while it is sent.
type recorder struct {
	http.ResponseWriter
	code int
	body bytes.Buffer
}

func (r *recorder) WriteHeader(code int) {
	if code >= http.StatusOK {
		r.code = code
	}
	r.ResponseWriter.WriteHeader(code)
}

func (r *recorder) Write(p []byte) (int, error) {
	if strings.Contains(r.Header().Get("Content-Type"), "json") && r.body.Len() <= maxCheckedAnswer {
		r.body.Write(p)
	}
	return r.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// faults checks the answer, except 304, which has no content, and a long one.
func (r *recorder) faults(req *http.Request, check answerCheck) []string {
	if r.code == http.StatusNotModified || r.body.Len() > maxCheckedAnswer {
		return nil
	}
	return check(req, &http.Response{
		StatusCode: r.code, Header: r.Header().Clone(), Body: io.NopCloser(bytes.NewReader(r.body.Bytes())), Request: req,
	})
}

// answerCheck lists what differs between an answer and the OpenAPI document.
type answerCheck func(*http.Request, *http.Response) []string

// apiDocument is the validator of the OpenAPI document, which is the same for every
// node. It is built once.
var apiDocument struct {
	sync.Once
	validator validator.Validator
}

// answerChecker builds the validator if it is not there yet.
func answerChecker(t testing.TB, n *node.Node) answerCheck {
	t.Helper()
	apiDocument.Do(func() {
		raw, err := web.New(n.Services()).OpenAPI()
		if err != nil {
			t.Fatal(err)
		}
		document, err := libopenapi.NewDocument(raw)
		if err != nil {
			t.Fatal(err)
		}
		v, errs := validator.NewValidator(document)
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		if _, faults := v.ValidateDocument(); len(faults) > 0 {
			t.Fatal(faults)
		}
		apiDocument.validator = v
	})
	if apiDocument.validator == nil {
		t.Fatal("the OpenAPI document is not valid")
	}
	return func(r *http.Request, answer *http.Response) (list []string) {
		_, faults := apiDocument.validator.ValidateHttpResponse(r, answer)
		for _, f := range faults {
			notServed := answer.StatusCode == http.StatusNotFound || answer.StatusCode == http.StatusMethodNotAllowed
			if f.ValidationType == "path" && notServed { // what is not described is not served
				continue
			}
			text := f.Message + ": " + f.Reason
			for _, s := range f.SchemaValidationErrors {
				text += "\n\t" + s.FieldPath + ": " + s.Reason
			}
			list = append(list, text)
		}
		slices.Sort(list)
		return list
	}
}

// TestAnswersThatDifferAreFound checks the check: each answer differs from a valid
// one in one place.
func TestAnswersThatDifferAreFound(t *testing.T) {
	w := lay(t, limits(nil))
	w.open()
	check := answerChecker(t, w.Node)
	valid := string(w.body(w.ask(http.MethodGet, "", "/v1/about")))
	faults := func(path string, code int, media, body string) []string {
		return check(&http.Request{Method: http.MethodGet, URL: &url.URL{Path: path}}, &http.Response{
			StatusCode: code, Header: http.Header{"Content-Type": {media}}, Body: io.NopCloser(strings.NewReader(body)),
		})
	}
	if list := faults("/v1/about", http.StatusOK, "application/json", valid); len(list) > 0 {
		t.Errorf("the valid answer: %s", list)
	}
	for name, c := range map[string]struct {
		path, media, body string
		code              int
	}{
		"a member more":        {body: strings.Replace(valid, "{", `{"more":1,`, 1)},
		"a member less":        {body: strings.Replace(valid, `"demo":`, `"omed":`, 1)},
		"another type":         {body: strings.Replace(valid, `"demo":`, `"demo":0,"demo_":`, 1)},
		"outside its pattern":  {body: strings.Replace(valid, `"genesis_sha256":"`, `"genesis_sha256":"X`, 1)},
		"outside its list":     {body: strings.Replace(valid, `"embedded"`, `"elsewhere"`, 1)},
		"another media type":   {media: "text/plain"},
		"a refusal as success": {code: http.StatusNotFound},
		"no such path":         {path: "/v1/abuot"},
	} {
		if c.body == valid {
			t.Fatalf("%s: the answer is the valid one", name)
		}
		list := faults(cmp.Or(c.path, "/v1/about"), cmp.Or(c.code, http.StatusOK), cmp.Or(c.media, "application/json"), cmp.Or(c.body, valid))
		if len(list) == 0 {
			t.Errorf("%s: not found", name)
		}
	}
}
