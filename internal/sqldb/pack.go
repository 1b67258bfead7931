package sqldb

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"
	"modernc.org/sqlite"
)

// maxPacked bounds a text once it is decompressed, in bytes.
const maxPacked = 4 << 20

// encoder and decoder have no goroutines of their own and are used by many.
var (
	encoder = must(zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest)))
	decoder = must(zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(maxPacked)))
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err) // the options are constants
	}
	return v
}

// Pack compresses a text (zstd) for a column that is read whole and seldom. In SQL,
// unpack(column) is the text again.
func Pack(text []byte) []byte { return encoder.EncodeAll(text, nil) }

// addFunctions gives the functions of this package to all connections that are made
// after it.
var addFunctions = sync.OnceFunc(func() { sqlite.MustRegisterDeterministicScalarFunction("unpack", 1, unpack) })

func unpack(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
	packed, ok := args[0].([]byte)
	if !ok {
		return nil, errors.New("unpack: not a packed text")
	}
	text, err := decoder.DecodeAll(packed, nil)
	if err != nil {
		return nil, fmt.Errorf("unpack: %w", err)
	}
	return string(text), nil
}
