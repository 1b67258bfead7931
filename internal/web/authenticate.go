package web

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"

	"github.com/datacadastre/cadastre/internal/auth"
	"github.com/datacadastre/cadastre/ledger"
)

// checkedToken is the result of checking the token of a request.
type checkedToken struct {
	header string // Authorization
	bearer auth.Bearer
	err    error
}

type tokenKey struct{}

// authenticate checks the token of a request once, if it has one. A request with a wrong
// token goes on: only handlers that need a token refuse it.
func (s *Server) authenticate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if header := r.Header.Get("Authorization"); header != "" {
			c := checkedToken{header: header}
			if c.bearer, c.err = s.checkToken(r.Context(), header); c.err == nil {
				seenOf(r.Context()).party = c.bearer.Party
			}
			r = r.WithContext(context.WithValue(r.Context(), tokenKey{}, c))
		}
		next.ServeHTTP(w, r)
	})
}

// tokenParty returns the party of a request with a valid token.
func tokenParty(ctx context.Context) (ledger.ID, bool) {
	c, ok := ctx.Value(tokenKey{}).(checkedToken)
	return c.bearer.Party, ok && c.err == nil
}

// token returns who a token authenticates. It refuses a suspended party, which may only
// read: see reader.
func (s *Server) token(ctx context.Context, header string) (auth.Bearer, error) {
	b, err := s.identify(ctx, header)
	if err == nil && b.Suspended {
		return auth.Bearer{}, ledger.Refuse(ledger.Forbidden, ledger.ReasonPartySuspended).At("authorization")
	}
	return b, err
}

// identify returns who a token authenticates, also a suspended party.
func (s *Server) identify(ctx context.Context, header string) (auth.Bearer, error) {
	if c, ok := ctx.Value(tokenKey{}).(checkedToken); ok && c.header == header {
		return c.bearer, c.err
	}
	return s.checkToken(ctx, header)
}

func (s *Server) checkToken(ctx context.Context, header string) (auth.Bearer, error) {
	scheme, token, ok := strings.Cut(header, " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return auth.Bearer{}, ledger.Refuse(ledger.Forbidden, ledger.ReasonAuthorization).At("authorization")
	}
	return s.Auth.Check(ctx, strings.TrimSpace(token))
}

// callsPath is the path of signed calls.
const callsPath = "/v1/calls"

// signed returns the call in the body of a request; false if it is surely refused: another
// media type or form, another ledger, expired, or not signed by a valid key of its party.
// It leaves the body as it was.
func (s *Server) signed(r *http.Request) (ledger.Signed, bool) {
	body, err := io.ReadAll(r.Body)
	r.Body = readAgain(body, err, r.Body)
	var sent callBody
	if err != nil || s.api.Unmarshal(r.Header.Get("Content-Type"), body, &sent) != nil {
		return ledger.Signed{}, false
	}
	call, err := ledger.ParseCall(sent.Call)
	if err != nil || call.Call.Ledger != s.About.Ledger || call.Call.Expires <= ledger.Millis(s.Now().UnixMilli()) {
		return call, false
	}
	owner, err := s.Auth.Owner(r.Context(), call.JWS.Header.Kid)
	if err != nil || owner.Party != call.Call.Party || call.JWS.Verify(s.Algorithms, owner.Key) != nil {
		return call, false
	}
	return call, true
}

// readAgain returns a body that has what was read from another one, and ends as that did.
func readAgain(read []byte, err error, from io.Closer) io.ReadCloser {
	if err == nil {
		err = io.EOF
	}
	return struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(read), failing{err}), from}
}

// failing is a reader that only has an error.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// bearer checks the token of a request that changes nothing.
func (s *Server) bearer(r *http.Request) (auth.Bearer, error) {
	return s.token(r.Context(), r.Header.Get("Authorization"))
}

// spend checks the token of a request that changes something and uses it up.
func (s *Server) spend(r *http.Request) (auth.Bearer, error) {
	b, err := s.bearer(r)
	if err != nil {
		return b, err
	}
	return b, s.Auth.Spend(r.Context(), b)
}

// ofParty refuses the token of an environment where a party acts.
func ofParty(b auth.Bearer) error {
	if b.Environment == "" {
		return nil
	}
	return ledger.Refuse(ledger.Forbidden, ledger.ReasonKeyUse).At("authorization").By("environment_key")
}

// reader returns the party of a token. A suspended party may read its own records: package
// sight ignores its roles. The key of an environment is refused: it may fetch what is
// supplied to it and read nothing else of its operator.
func (s *Server) reader(ctx context.Context, header string) (ledger.Party, error) {
	b, err := s.identify(ctx, header)
	if err == nil {
		err = ofParty(b)
	}
	if err != nil {
		return ledger.Party{}, err
	}
	return s.Registry.Party(ctx, b.Party)
}
