package web

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/internal/sight"
	"github.com/datacadastre/cadastre/ledger"
)

// actRoutes registers the typed endpoints for parties whose signing key the node stores:
// the node signs the call in their name. The signer does not have sole control of such a
// key (Electronic Signature Law, article 13), which verify reports.
func (s *Server) actRoutes() {
	get(s, "", "/v1/acts.json", "acts", says("功能表", "The table of acts"),
		says("每个功能：谁可办理、对何种记录、参数、状态变化与可能的拒绝。", "Every function: who may call it, on which records, its arguments, the states it leads to and the reasons for refusal."), func(context.Context, *struct{}) (*answer[ledger.ActsDocument], error) {
			return say(ledger.PublishedActs(), nil)
		})
	get(s, anyRecord, "/v1/acts", "possible", says("可办理的操作", "What the caller may do on a record now"),
		says("按角色、归属、记录状态和期限，列出请求方现在可对该记录办理的功能。", "The functions that the caller may use on a record now, by role, ownership, state of the record and time limits."), s.possible)
	for _, p := range s.api.OpenAPI().Paths["/v1/acts"].Get.Parameters {
		if p.Name == "on" {
			for _, kind := range ledger.ChangedKinds() {
				p.Schema.Enum = append(p.Schema.Enum, kind)
			}
			p.Schema.PrecomputeMessages()
		}
	}
	add(s, huma.Operation{
		OperationID: "custody-key", Method: http.MethodPost, Path: "/v1/custody/keys",
		Summary: about(says("由节点托管签署密钥", "Have the node store a signing key")), MaxBodyBytes: s.MaxBody, DefaultStatus: http.StatusCreated,
		Description: about(says("节点生成密钥，密封保管，并证明其占有。以回答中的内容签署 key.rotate 后生效。",
			"The node makes a key, stores it sealed and proves possession of it. To use the key, sign key.rotate with the answer.")),
	}, s.custodyKey)
	s.storedKeyRoutes()
	for _, a := range ledger.Acts() {
		if a.Custody {
			s.actRoute(a)
		}
		if a.Name != ledger.FnGenesis {
			s.checkRoute(a)
		}
	}
}

type possibleInput struct {
	AuthHeader
	On string `query:"on" required:"true" zh:"记录种类" en:"Kind of the record"`
	ID string `query:"id" required:"true" form:"token=250" zh:"记录编号" en:"Id of the record"`
}

// possible lists the acts that the caller may do now on a record that the caller may
// read, by role, ownership, state of the record and time limits.
func (s *Server) possible(ctx context.Context, in *possibleInput) (*answer[pageOf[ledger.Open]], error) {
	p, err := s.reader(ctx, in.Authorization)
	if err != nil {
		return nil, err
	}
	on := ledger.RefTo(in.On, in.ID)
	if err := s.Sight.Look(ctx, &p, sight.Item{Ref: on}, "id"); err != nil {
		return nil, err
	}
	open, err := s.Possible(ctx, p.ID, on)
	return say(page(open, ""), err)
}

type actInput struct {
	AuthHeader
	Call    ledger.ID `header:"Cadastre-Call" zh:"请求编号，新的 UUIDv7：同一编号与内容只记录一次；不填由节点生成" en:"Id of the call, a new UUIDv7: the same id with the same body is recorded once; by default the node makes one"`
	RawBody []byte    `contentType:"application/json"`
}

// actRoute registers the endpoint of one act.
func (s *Server) actRoute(a ledger.Act) {
	register(s, a, huma.Operation{
		OperationID: "act-" + string(a.Name), Path: "/v1/acts/" + string(a.Name), Summary: about(a.Title),
		Description: about(says("节点以其为该单位保管的密钥签署请求并记录。限由节点保管密钥的单位；其他单位自行签署，提交至 /v1/calls。",
			"The node signs the call with the key that it stores for the party, and records it. For parties whose key the node stores; others sign calls themselves and send them to /v1/calls.")),
	}, func(ctx context.Context, in *actInput) (*answer[ledger.Outcome], error) {
		args := a.Args()
		if err := ledger.DecodeStrict(in.RawBody, args); err != nil {
			return nil, err
		}
		return s.act(ctx, in.Authorization, in.Call, a.Name, args)
	})
}

type checkInput struct {
	AuthHeader
	RawBody []byte `contentType:"application/json"`
}

// checkRoute registers the endpoint that reports whether an act would be refused.
func (s *Server) checkRoute(a ledger.Act) {
	register(s, a, huma.Operation{
		OperationID: "check-" + string(a.Name), Path: "/v1/acts/" + string(a.Name) + "/check",
		Summary: about(says("试算："+a.Title.ZH, "Would this be refused? "+a.Title.EN)),
		Description: about(says("为令牌所属单位逐项检查该请求，不作任何记录，令牌不被用掉。会被拒绝的，以该请求将得到的 problem 回答。",
			"Runs every check of the call for the token's party and records nothing. The token is not used up. If the call would be refused, the answer is the problem that the call would get.")),
	}, func(ctx context.Context, in *checkInput) (*answer[wire.Checked], error) {
		p, err := s.reader(ctx, in.Authorization)
		if err != nil {
			return nil, err
		}
		if err := s.recordCheck(ctx, p, a, in.RawBody); err != nil {
			return nil, err
		}
		return say(wire.Checked{Function: a.Name, Party: p.ID, Allowed: true}, s.Check(ctx, p.ID, a.Name, in.RawBody))
	})
}

// recordCheck stores a receipt if the check shows its caller the state of a record of
// another party: such a check is a read like any other.
func (s *Server) recordCheck(ctx context.Context, p ledger.Party, a ledger.Act, body []byte) error {
	args := a.Args()
	if a.On == "" || !a.MayCall(p) || ledger.DecodeStrict(body, args) != nil {
		return nil //nolint:nilerr // the contract refuses an invalid form with its own reason
	}
	err := s.Sight.Look(ctx, &p, sight.Item{Ref: ledger.RefTo(a.On, ledger.MemberText(args, a.ID))}, a.ID)
	if errors.Is(err, ledger.NotFound) {
		return nil // the contract reports what is missing or not the caller's
	}
	return err
}

// register registers an endpoint that takes the arguments of an act as its body. Errors
// become problems. The body is read as strictly as the contract reads a call.
func register[I, O any](s *Server, a ledger.Act, o huma.Operation, h func(context.Context, *I) (*answer[O], error)) {
	body := &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {}}}
	o.Method, o.MaxBodyBytes, o.RequestBody, o.SkipValidateBody = http.MethodPost, s.MaxBody, body, true
	add(s, o, func(ctx context.Context, in *I) (*answer[O], error) {
		out, err := h(ctx, in)
		return out, s.problemOn(ctx, a, inBody(err))
	})
	// huma describes a raw body as bytes; the table of acts has its schema.
	body.Content["application/json"].Schema = s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeOf(a.Args()).Elem(), true, "")
}

// inBody renames the members of an error to their names in the body, which consists of
// the arguments alone.
func inBody(err error) error {
	e := ledger.AsError(err)
	if e == nil {
		return err
	}
	return e.Rename(func(field string) string {
		if field == "args" {
			return "body"
		}
		return strings.TrimPrefix(field, "args.")
	})
}

// act records a call of a party whose key the node stores. A request with the id, function
// and arguments of a recorded call gets the answer that that call got: each time the node
// signs, the time of the call is another, so it sends the recorded call again.
func (s *Server) act(ctx context.Context, authorization string, id ledger.ID, fn ledger.Function, args any) (*answer[ledger.Outcome], error) {
	b, err := s.token(ctx, authorization)
	if err == nil {
		err = ofParty(b)
	}
	if err != nil {
		return nil, err
	}
	p, err := s.Registry.Party(ctx, b.Party)
	if err != nil {
		return nil, err
	}
	if id != "" {
		recorded, err := s.recordedAct(ctx, p.ID, id, fn, args)
		if err != nil {
			return nil, err
		}
		if recorded != "" {
			if err := s.Auth.Spend(ctx, b); err != nil {
				return nil, err
			}
			return s.call(ctx, &callInput{Body: callBody{Call: recorded}})
		}
	}
	key, err := s.storedKey(ctx, p)
	if err != nil {
		return nil, err
	}
	if err := s.Auth.Spend(ctx, b); err != nil {
		return nil, err
	}
	out, err := s.sign(ctx, key, p.ID, cmp.Or(id, s.NewID()), fn, args)
	if e := ledger.AsError(err); id == "" || e == nil || e.Reason != ledger.ReasonCallUsed {
		return out, err
	}
	recorded, missing := s.recordedAct(ctx, p.ID, id, fn, args) // another request with the id was faster
	if missing != nil || recorded == "" {
		return nil, cmp.Or(missing, err)
	}
	return s.call(ctx, &callInput{Body: callBody{Call: recorded}})
}

// recordedAct returns the call that a party has recorded under an id, or "" if it has not.
// It is a Conflict if that call has another function or other arguments.
func (s *Server) recordedAct(ctx context.Context, party, id ledger.ID, fn ledger.Function, args any) (string, error) {
	if _, err := s.Ledger.Value(ctx, ledger.CallKey(party, id)); errors.Is(err, ledger.NotFound) {
		return "", nil
	} else if err != nil {
		return "", err
	}
	recorded, err := s.Ledger.Recorded(ctx, party, id)
	if err != nil {
		return "", err
	}
	signed, err := ledger.ParseCall(recorded.JWS)
	if err != nil {
		return "", err
	}
	if signed.Call.Function != fn || !sameArgs(signed.Call.Args, args) {
		return "", ledger.Refuse(ledger.Conflict, ledger.ReasonCallUsed).At("id")
	}
	return recorded.JWS, nil
}

// sameArgs reports whether recorded arguments are the same as args, whatever their form.
func sameArgs(recorded json.RawMessage, args any) bool {
	before := reflect.New(reflect.TypeOf(args).Elem()).Interface()
	if ledger.DecodeStrict(recorded, before) != nil {
		return false
	}
	a, failed := json.Marshal(before)
	b, err := json.Marshal(args)
	return failed == nil && err == nil && bytes.Equal(a, b)
}

// sign signs a call with the key of a party and records it.
func (s *Server) sign(ctx context.Context, key *ledger.Key, party, id ledger.ID, fn ledger.Function, args any) (*answer[ledger.Outcome], error) {
	now := ledger.Millis(s.Now().UnixMilli())
	jws, err := ledger.SignCall(key, ledger.Call{
		Ledger: s.About.Ledger, ID: id, Party: party, Function: fn, Time: now,
		Expires: now + actExpiry,
	}, args)
	if err != nil {
		return nil, err
	}
	return s.call(ctx, &callInput{Body: callBody{Call: jws}})
}

// actExpiry is how long a call signed by the node may be recorded, in milliseconds. The
// node records it at once.
const actExpiry = 5 * 60 * 1000

// storedKey returns the party's valid signing key that this node stores.
func (s *Server) storedKey(ctx context.Context, p ledger.Party) (*ledger.Key, error) {
	keys, err := s.Registry.Keys(ctx, p.ID)
	if err != nil {
		return nil, err
	}
	for _, k := range keys {
		if k.Use != ledger.UseSign || k.Custody != ledger.CustodyNode || !k.Valid(ledger.Millis(s.Now().UnixMilli())) {
			continue
		}
		return s.Custody.Signer(ctx, p.ID, k.Kid, ledger.UseSign)
	}
	return nil, ledger.Refuse(ledger.Forbidden, ledger.ReasonNoStoredKey).At("authorization")
}

type custodyInput struct {
	AuthHeader
	Body struct {
		Old ledger.KeyID `json:"old" zh:"将被新密钥替换的签署密钥" en:"the signing key that the new key is to replace"`
	}
}

func (s *Server) custodyKey(ctx context.Context, in *custodyInput) (*answer[wire.CustodyKey], error) {
	b, err := s.token(ctx, in.Authorization)
	if err != nil {
		return nil, err
	}
	p, err := s.Registry.Party(ctx, b.Party)
	if err != nil {
		return nil, err
	}
	_, k, err := s.Registry.PartyByKid(ctx, in.Body.Old)
	if err != nil && !errors.Is(err, ledger.NotFound) {
		return nil, err
	}
	if b.Environment != "" || err != nil || k.Party != p.ID || k.Use != ledger.UseSign {
		return nil, ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown).At("old")
	}
	if err := s.Auth.Spend(ctx, b); err != nil {
		return nil, err
	}
	ended, err := s.endedKeys(ctx, p.ID)
	if err != nil {
		return nil, err
	}
	key, err := s.Custody.Make(ctx, p.ID, ended)
	if err != nil {
		return nil, err
	}
	proof, err := ledger.SignRotation(key, ledger.RotationProof{Ledger: s.About.Ledger, Party: p.ID, Old: in.Body.Old})
	return say(wire.CustodyKey{Old: in.Body.Old, New: ledger.NewKeyArg{JWK: key.Public(), Use: ledger.UseSign, Custody: ledger.CustodyNode}, Proof: proof}, err)
}

// endedKeys lists the keys of a party that the node stores and that have ended.
func (s *Server) endedKeys(ctx context.Context, party ledger.ID) ([]ledger.KeyID, error) {
	keys, err := s.Registry.Keys(ctx, party)
	var ended []ledger.KeyID
	for _, k := range keys {
		if k.Custody == ledger.CustodyNode && k.Until > 0 && k.Until <= ledger.Millis(s.Now().UnixMilli()) {
			ended = append(ended, k.Kid)
		}
	}
	return ended, err
}
