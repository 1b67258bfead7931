package sqldb

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"
	"modernc.org/sqlite"
)

// maxPacked is the maximum size of a decompressed text in bytes.
const maxPacked = 4 << 20

// encoder and decoder start no goroutines and are safe for concurrent use.
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

// Pack compresses a text (zstd) for a column that is read rarely and as a whole. In
// SQL, unpack(column) returns the text.
func Pack(text []byte) []byte { return encoder.EncodeAll(text, nil) }

// addFunctions registers the functions of this package for all later connections.
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
