package web

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/datacadastre/cadastre/internal/readmodel"
	"github.com/datacadastre/cadastre/internal/records"
	"github.com/datacadastre/cadastre/internal/sight"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/policies"
)

// readsWord is the extension of an OpenAPI operation that names the word by which the table
// of readers decides about the read.
const readsWord = "x-reads"

// anyRecord stands for the word of the record that a read is about.
const anyRecord = "any"

// get registers a read with its path, operation id, title and description. what is the
// word by which the handler asks the table of readers; empty if it reads no records.
func get[I, O any](s *Server, what, path, id string, title, does ledger.Words, h func(context.Context, *I) (*answer[O], error)) {
	o := huma.Operation{
		OperationID: id, Method: http.MethodGet, Path: path, Summary: about(title), Description: about(does), MaxBodyBytes: s.MaxBody,
	}
	if what != "" {
		o.Extensions = map[string]any{readsWord: what}
	}
	add(s, o, h)
}

// open registers a read for everyone: the table of readers must allow the word to
// anonymous readers.
func open[I, O any](s *Server, what, path, id string, title, does ledger.Words, h func(context.Context, *I) (O, error)) {
	get(s, what, path, id, title, does, func(ctx context.Context, in *I) (*answer[O], error) {
		if _, err := s.Sight.List(ctx, nil, what, ""); err != nil {
			return nil, err
		}
		return say(h(ctx, in))
	})
}

// list registers the list of a kind that package records stores and everyone may read.
func list[T ledger.Readable](s *Server, kind, path, id string, title, does ledger.Words) {
	open(s, kind, path, id, title, does, func(ctx context.Context, in *struct{ Paging }) (pageOf[T], error) {
		found, next, err := records.List[T](ctx, s.Records, kind, readmodel.Page{Cursor: in.Cursor, Limit: in.Limit})
		return page(found, next), err
	})
}

type privateID struct {
	AuthHeader
	ByID
}

// one registers the read of one record of a kind by its id, for readers whom the table of
// readers allows the word what.
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

// scope returns which records of a kind the party of a token may list. If it includes
// records of others, one receipt for KIND/all is stored.
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
	Party ledger.ID    `query:"party" zh:"所问的单位，默认为请求方自己" en:"Party that is asked about; the caller by default"`
	Act   policies.Act `query:"act" enum:"read,prove" zh:"read：查看记录（默认）；prove：取得证据包" en:"read: the record (default); prove: the evidence bundle about it"`
}

// readable explains to a reader of a record whether another party may read it, and which
// row decides that.
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
