package client

import (
	"context"
	"encoding/binary"
	"io"
	"net/http"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/datacadastre/cadastre/internal/words"
)

// tileHeight is the height of the tiles of the logs (C2SP tlog-tiles).
const tileHeight = 8

// Log reads a log that the node serves as C2SP tlog-tiles.
type Log struct {
	client *Client
	name   string
}

// LedgerLog returns the log of the ledger.
func (c *Client) LedgerLog() *Log { return &Log{c, "ledger"} }

// ReceiptLog returns the log of the node's receipts.
func (c *Client) ReceiptLog() *Log { return &Log{c, "receipts"} }

// Checkpoint returns the newest signed checkpoint.
func (l *Log) Checkpoint(ctx context.Context) ([]byte, error) { return l.get(ctx, "checkpoint") }

// Entries returns n entries, at most 256, starting at from, a multiple of 256. The node
// sends them to regulators, or to everyone if it is configured so.
func (l *Log) Entries(ctx context.Context, from int64, n int) ([][]byte, error) {
	if from < 0 || from%(1<<tileHeight) != 0 || n < 1 || n > 1<<tileHeight {
		return nil, words.Errorf("条目 %d 至 %d 不属于同一组", "entries %d to %d are not in one bundle", from, from+int64(n))
	}
	tile := tlog.Tile{H: tileHeight, L: -1, N: from >> tileHeight, W: n}
	path := tile.Path()[len("tile/8/data/"):]
	data, err := l.get(ctx, "tile/entries/"+path)
	if err != nil {
		return nil, err
	}
	var list [][]byte
	for len(data) >= 2 {
		size := int(binary.BigEndian.Uint16(data))
		if data = data[2:]; size > len(data) {
			break
		}
		list, data = append(list, data[:size:size]), data[size:]
	}
	if len(data) > 0 || len(list) != n {
		return nil, words.Errorf("节点发来的一组条目被截断或过长", "the node sent a bundle of entries that is truncated or too long")
	}
	return list, nil
}

func (l *Log) get(ctx context.Context, path string) ([]byte, error) {
	req, err := l.client.request(ctx, http.MethodGet, "/log/"+l.name+"/"+path, l.client.key != nil, nil)
	if err != nil {
		return nil, err
	}
	resp, err := l.client.http.Do(req)
	if err != nil {
		return nil, unreachable(l.client.profile.URL, err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, unreachable(l.client.profile.URL, err)
	}
	switch resp.StatusCode {
	case http.StatusOK:
		return b, nil
	case http.StatusForbidden:
		return nil, words.Errorf("%s/log/%s/%s：节点只向监管单位提供日志条目，请用 --profile 指明监管单位的身份文件", "%s/log/%s/%s: the node sends log entries only to regulators: give a regulator's profile with --profile",
			l.client.profile.URL, l.name, path)
	}
	return nil, l.client.refused(resp, b)
}
