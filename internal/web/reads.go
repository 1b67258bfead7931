package web

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/datacadastre/cadastre/internal/readmodel"
	"github.com/datacadastre/cadastre/internal/sight"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/policies"
)

// readsWord is where the description of a read says by which word the table of
// readers is asked about it.
const readsWord = "x-reads"

// anyRecord is said of reads whose word is that of the record that they are about.
const anyRecord = "any"

// get registers a read at a path, under an id, with its title, what it is for, and
// the word by which the handler asks who may read it; empty where nothing recorded is
// read.
func get[I, O any](s *Server, what, path, id string, title, does ledger.Words, h func(context.Context, *I) (*answer[O], error)) {
	o := huma.Operation{
		OperationID: id, Method: http.MethodGet, Path: path, Summary: about(title), Description: about(does), MaxBodyBytes: s.MaxBody,
	}
	if what != "" {
		o.Extensions = map[string]any{readsWord: what}
	}
	add(s, o, h)
}

// open registers a read for everyone: the table of readers lets a stranger read the
// word.
func open[I, O any](s *Server, what, path, id string, title, does ledger.Words, h func(context.Context, *I) (O, error)) {
	get(s, what, path, id, title, does, func(ctx context.Context, in *I) (*answer[O], error) {
		if _, err := s.Sight.List(ctx, nil, what, ""); err != nil {
			return nil, err
		}
		return say(h(ctx, in))
	})
}

type privateID struct {
	AuthHeader
	ByID
}

// one registers the read of one record of a kind by its id, for those whom the table
// of readers lets read the word.
func one[O any](s *Server, kind, what, path, id string, title, does ledger.Words, find func(context.Context, ledger.ID) (O, error)) {
	get(s, what, path, id, title, does, func(ctx context.Context, in *privateID) (*answer[O], error) {
		p, err := s.reader(ctx, in.Authorization)
		if err != nil {
			return nil, err
		}
		item := sight.Item{Ref: ledger.RefTo(kind, in.ID), As: what}
		if err := s.Sight.Look(ctx, &p, item, "id"); err != nil {
			return nil, err
		}
		return say(find(ctx, in.ID))
	})
}

// scope is what the party of a token may list of a kind. A look at what is not its
// own is noted once, as one at KIND/all.
func (s *Server) scope(ctx context.Context, authorization, kind string) (readmodel.Scope, error) {
	p, err := s.reader(ctx, authorization)
	if err != nil {
		return readmodel.Scope{}, err
	}
	return s.Sight.List(ctx, &p, kind, ledger.RefTo(kind, "all"))
}

type readInput struct {
	AuthHeader
	Ref   ledger.Ref   `query:"ref" required:"true" form:"token=250" zh:"记录，如 order/编号" en:"Record, such as order/ID"`
	Party ledger.ID    `query:"party" zh:"所问的单位，默认为请求方自己" en:"Party that is asked about; the caller itself unless told"`
	Act   policies.Act `query:"act" enum:"read,prove" zh:"read：查看记录（默认）；prove：取得证据包" en:"read: the record, unless told; prove: the bundle of evidence about it"`
}

// readable explains to a reader of a record who else may read it, and by which row.
func (s *Server) readable(ctx context.Context, in *readInput) (*answer[sight.Explanation], error) {
	p, err := s.reader(ctx, in.Authorization)
	if err != nil {
		return nil, err
	}
	item := sight.Item{Ref: in.Ref}
	if err := s.Sight.Look(ctx, &p, item, "ref"); err != nil {
		return nil, err
	}
	of := p
	if in.Party != "" {
		if of, err = s.Registry.Party(ctx, in.Party); err != nil {
			return nil, err
		}
	}
	act := in.Act
	if act == "" {
		act = policies.Read
	}
	return say(s.Sight.Explain(ctx, of, act, item))
}
