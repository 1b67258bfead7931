package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/datacadastre/cadastre/internal/checkpoint"
	"github.com/datacadastre/cadastre/internal/durable"
	"github.com/datacadastre/cadastre/internal/tlog"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/embedded"
	"github.com/datacadastre/cadastre/ledger/evidence"
	"github.com/datacadastre/cadastre/marketplace/receipts"
)

// logRequestFile is what the data authority signs to begin logs again.
const logRequestFile = "log.request"

// LogRequest is log.request: what the data authority is asked to sign so that the logs
// of a restored node go on under new names.
type LogRequest struct {
	Ledger ledger.ID             `json:"ledger"`
	Logs   []ledger.LogBeginArgs `json:"logs"` // the ledger log first, if it is one of them
}

// nodeLogs are the logs of a node that does not run, with the keys that sign them.
type nodeLogs struct {
	d        folder
	o        Options
	settings Settings
	keys     keys
}

// withLogs locks the folder of a node that does not run, and works on its logs.
func withLogs[T any](o Options, do func(nodeLogs) (T, error)) (out T, err error) {
	l := nodeLogs{d: folder(o.Dir), o: o}
	if l.settings, err = l.d.settings(); err != nil {
		return out, err
	}
	unlock, err := l.d.lock()
	if err != nil {
		return out, err
	}
	defer unlock()
	if l.keys, err = l.d.keys(l.settings.Backend); err != nil {
		return out, err
	}
	return do(l)
}

// RequestLogs makes the request for beginning the logs of a restored node again, and the
// new keys. o.Held are the later checkpoints that others hold; the ledger log of an
// embedded ledger needs one. The receipt log always begins again together with it.
func RequestLogs(ctx context.Context, o Options) (LogRequest, error) {
	return withLogs(o, func(l nodeLogs) (LogRequest, error) { return l.request(ctx) })
}

func (l nodeLogs) request(ctx context.Context) (LogRequest, error) {
	r := LogRequest{Ledger: l.settings.Ledger, Logs: []ledger.LogBeginArgs{}}
	held, err := readHeld(l.keys, l.o.Held)
	if err != nil {
		return r, err
	}
	if held.ledger != nil {
		have, err := embedded.Head(ctx, l.embedded(l.keys.ledger))
		if err != nil {
			return r, err
		}
		if held.ledger.Size > have.Size {
			if err := l.add(&r, ledgerLogKey, l.keys.ledger, have, held.ledgerNote); err != nil {
				return r, err
			}
		}
	}
	have, err := receipts.Head(ctx, l.receipts(l.keys.receipts))
	if err != nil {
		return r, err
	}
	behind, err := l.anchorAhead(ctx, have)
	if err != nil {
		return r, err
	}
	note := ""
	if held.receipts != nil && held.receipts.Size > have.Size {
		behind, note = true, held.receiptsNote
	}
	if behind || len(r.Logs) > 0 {
		if err := l.add(&r, receiptLogKey, l.keys.receipts, have, note); err != nil {
			return r, err
		}
	}
	if len(r.Logs) == 0 {
		return r, words.Errorf("%s 不比所持的检查点或锚定更旧：请直接启动，cadastre serve --dir %s --last-checkpoint FILE", "%s is not older than what others hold: serve it, cadastre serve --dir %s --last-checkpoint FILE", l.d, l.d)
	}
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return r, fmt.Errorf("encode request: %w", err)
	}
	return r, durable.WriteFile(l.d.path(logRequestFile), append(b, '\n'))
}

// add adds a log to the request, with a new key that is stored beside the old one.
func (l nodeLogs) add(r *LogRequest, name string, old *tlog.Key, have ledger.TreeHead, held string) error {
	next, err := l.nextKey(name, ledger.NextLog(old.Origin()))
	if err != nil {
		return err
	}
	r.Logs = append(r.Logs, ledger.LogBeginArgs{
		Origin: next.Origin(), Key: next.VKey(), Held: held, Old: ledger.LogHead{Origin: old.Origin(), Size: have.Size, Root: have.Root},
	})
	return nil
}

// nextKey returns the key with which a log goes on, and makes it if there is no such key
// yet.
func (l nodeLogs) nextKey(name, origin string) (*tlog.Key, error) {
	if k, err := l.staged(name); err == nil && k.Origin() == origin {
		return k, nil
	}
	skey, _, err := tlog.NewKey(origin)
	if err != nil {
		return nil, fmt.Errorf("make log key: %w", err)
	}
	if err := l.d.saveSecret(name+nextSuffix, []byte(skey)); err != nil {
		return nil, err
	}
	return tlog.ParseKey(skey)
}

// nextSuffix marks the file of a key that is not in use yet.
const nextSuffix = ".next"

// staged returns the stored key with which a log goes on.
func (l nodeLogs) staged(name string) (*tlog.Key, error) {
	b, err := l.d.secret(l.keys.master, name+nextSuffix)
	if err != nil {
		return nil, err
	}
	return tlog.ParseKey(string(b))
}

// anchorAhead reports whether the receipt log is shorter than its last anchor on the
// ledger.
func (l nodeLogs) anchorAhead(ctx context.Context, have ledger.TreeHead) (ahead bool, err error) {
	err = l.withLedger(ctx, func(on ledger.Ledger) error {
		a, err := value[ledger.Anchor](ctx, on, ledger.RefTo(ledger.KindAnchor, l.keys.receipts.Origin()))
		if errors.Is(err, ledger.NotFound) {
			return nil
		}
		ahead = err == nil && a.Size > have.Size
		return err
	})
	return ahead, err
}

// withLedger opens the ledger of the node for a moment.
func (l nodeLogs) withLedger(ctx context.Context, do func(ledger.Ledger) error) error {
	open := openLedger
	if l.o.open != nil {
		open = l.o.open
	}
	on, err := open(ctx, l.d, l.settings, l.keys, l.o.Log, l.o.Now)
	if err != nil {
		return err
	}
	return errors.Join(do(on), on.shut())
}

func (l nodeLogs) embedded(key *tlog.Key) embedded.Config {
	return embedded.Config{
		Path: l.d.path("ledger.db"), Key: key, Algorithms: ledger.Standard(), Genesis: l.settings.GenesisSHA256, Now: l.o.Now,
	}
}

func (l nodeLogs) receipts(key *tlog.Key) receipts.Config {
	return receipts.Config{Dir: string(l.d), Key: key, Now: l.o.Now}
}

// SignLogs signs a request as the data authority, with its key or its recovery key.
func SignLogs(r LogRequest, authority ledger.ID, key *ledger.Key, now time.Time) ([]string, error) {
	at := ledger.Millis(now.UnixMilli())
	calls := make([]string, len(r.Logs))
	for i, a := range r.Logs {
		if err := a.Validate(); err != nil {
			return nil, err
		}
		var err error
		if calls[i], err = ledger.SignCall(key, ledger.Call{
			Ledger: r.Ledger, ID: NewID(), Party: authority, Function: ledger.FnLogBegin, Time: at, Expires: at + ledger.MaxExpiry,
		}, a); err != nil {
			return nil, err
		}
	}
	return calls, nil
}

// BeginLogs records the signed calls of a request as the first calls after the restored
// copy, and signs the logs with the new keys from then on. Then the node can be served.
// If it is interrupted, run it again.
func BeginLogs(ctx context.Context, o Options, calls []string) error {
	_, err := withLogs(o, func(l nodeLogs) (struct{}, error) { return struct{}{}, l.begin(ctx, calls) })
	return err
}

func (l nodeLogs) begin(ctx context.Context, calls []string) error {
	var forLedger, forReceipts *ledger.LogBeginArgs
	for _, c := range calls {
		signed, err := ledger.ParseCall(c)
		if err != nil {
			return words.Errorf("已签署的请求：%v", "signed request: %v", err)
		}
		var a ledger.LogBeginArgs
		if err := ledger.DecodeStrict(signed.Call.Args, &a); err != nil || signed.Call.Function != ledger.FnLogBegin {
			return words.Errorf("已签署的请求不是 cadastre log sign 的输出", "the signed request is not what cadastre log sign printed")
		}
		switch l.settings.Origin {
		case ledger.NodeOfReceipts(a.Old.Origin):
			forReceipts = &a
		case ledger.NodeOfLedger(a.Old.Origin):
			forLedger = &a
		default:
			return words.Errorf("该请求是为另一节点的日志 %s 签署的", "this request was signed for the log %s of another node", a.Old.Origin)
		}
	}
	if forReceipts == nil {
		return words.Errorf("已签署的请求缺少回执日志：请签署整个 %s", "the signed request lacks the receipt log: sign all of %s", l.d.path(logRequestFile))
	}
	if err := l.beginReceipts(ctx, *forReceipts, func() error { return l.record(ctx, forLedger, calls) }); err != nil {
		return err
	}
	for name, a := range map[string]*ledger.LogBeginArgs{ledgerLogKey: forLedger, receiptLogKey: forReceipts} {
		if err := l.useNext(name, a); err != nil {
			return err
		}
	}
	if err := l.endInTrust(forLedger); err != nil {
		return err
	}
	return l.d.remove(logRequestFile, restoredFile)
}

// endInTrust adds to the trust file of the folder where the old ledger log ends, so that
// those who get the new file know what is lost.
func (l nodeLogs) endInTrust(a *ledger.LogBeginArgs) error {
	if a == nil {
		return nil
	}
	b, err := os.ReadFile(l.d.path("trust.json"))
	if errors.Is(err, fs.ErrNotExist) { // a node with its own ledger does not need it
		return nil
	}
	if err != nil {
		return fmt.Errorf("read trust.json: %w", err)
	}
	t, err := evidence.ParseTrust(b)
	if err != nil {
		return err
	}
	ended := evidence.Ended{Log: a.Old.Origin, Size: a.Old.Size}
	if slices.Contains(t.Ended, ended) {
		return nil
	}
	t.Ended = append(t.Ended, ended)
	return l.d.saveTrust(t)
}

// beginReceipts begins the receipt log again, after record has recorded the calls. It
// checks first that the receipts are those that were signed for.
func (l nodeLogs) beginReceipts(ctx context.Context, a ledger.LogBeginArgs, record func() error) error {
	current, next := l.keys.receipts, l.keys.receipts
	if current.Origin() != a.Origin {
		var err error
		if next, err = l.staged(receiptLogKey); err != nil {
			return words.Errorf("没有新日志的密钥：请再次运行 cadastre log begin --dir %s，并重新签署：%v", "there is no key for the new log: run cadastre log begin --dir %s again, and have the request signed again: %v", l.d, err)
		}
	}
	origin, err := l.receiptsOrigin(ctx)
	if err != nil {
		return err
	}
	old := ledger.TreeHead{Size: a.Old.Size, Root: a.Old.Root}
	if origin == a.Origin {
		return record()
	}
	if have, err := receipts.Head(ctx, l.receipts(current)); err != nil || have != old {
		return errors.Join(err, words.Errorf("receipts.db 有 %d 条，而签署的是 %d 条：请重新提出请求并签署", "receipts.db has %d receipts, but the request was signed for %d: make the request again and have it signed", have.Size, old.Size))
	}
	if err := record(); err != nil {
		return err
	}
	return receipts.BeginAgain(ctx, l.receipts(current), next, old)
}

// receiptsOrigin returns the name of the log whose key has signed the receipts last.
func (l nodeLogs) receiptsOrigin(ctx context.Context) (string, error) {
	s, err := receipts.OpenSnapshot(ctx, string(l.d))
	if err != nil {
		return "", err
	}
	msg, err := s.Checkpoint(ctx)
	return checkpoint.Origin(msg), errors.Join(err, s.Close())
}

// record records the calls on the ledger. On an embedded ledger they are the first after
// the restored copy, and a new key signs the log from then on. The read model, which may
// have what is lost, is deleted.
func (l nodeLogs) record(ctx context.Context, forLedger *ledger.LogBeginArgs, calls []string) error {
	if l.settings.Backend.Shared() {
		return l.withLedger(ctx, func(on ledger.Ledger) error {
			for _, c := range calls {
				if _, err := on.Submit(ctx, c); err != nil {
					return fmt.Errorf("record: %w", err)
				}
			}
			return nil
		})
	}
	if err := l.d.remove("read.db", "read.db-wal", "read.db-shm"); err != nil {
		return err
	}
	if forLedger == nil {
		return embedded.BeginAgain(ctx, l.embedded(l.keys.ledger), nil, calls...)
	}
	origin, err := l.ledgerOrigin(ctx)
	if err != nil || origin == forLedger.Origin {
		return err
	}
	next, err := l.staged(ledgerLogKey)
	if err != nil {
		return fmt.Errorf("key of the new log: %w", err)
	}
	return embedded.BeginAgain(ctx, l.embedded(l.keys.ledger), next, calls...)
}

// ledgerOrigin returns the name of the log whose key has signed the entries last.
func (l nodeLogs) ledgerOrigin(ctx context.Context) (string, error) {
	s, err := embedded.OpenSnapshot(ctx, l.d.path("ledger.db"))
	if err != nil {
		return "", err
	}
	msg, err := s.Checkpoint(ctx)
	return checkpoint.Origin(msg), errors.Join(err, s.Close())
}

// useNext replaces the key of a log by the one with which it goes on.
func (l nodeLogs) useNext(name string, a *ledger.LogBeginArgs) error {
	if a == nil {
		return nil
	}
	b, err := l.d.secret(l.keys.master, name+nextSuffix)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // an earlier run has replaced it
	}
	if err != nil {
		return fmt.Errorf("key of the new log: %w", err)
	}
	if err := l.d.saveSecret(name, b); err != nil {
		return err
	}
	return l.d.remove("keys/" + name + nextSuffix)
}

// remove deletes files of the folder that may be missing.
func (d folder) remove(names ...string) error {
	for _, name := range names {
		if err := os.Remove(d.path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("delete %s: %w", name, err)
		}
	}
	return nil
}
