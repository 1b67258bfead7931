package arrows_test

// row says what a package may import beyond the standard library; tests are free.
type row struct {
	own   []string // packages of this module, by path below its root
	third []string // other modules, or packages of theirs with all below
	pure  bool     // no net, os, log, sync and randomness: see impure
	// unlinked may not even be reached through another package.
	unlinked []string
}

const (
	age        = "filippo.io/age"
	casbin     = "github.com/casbin/casbin/v2"
	chi        = "github.com/go-chi/chi/v5"
	fabric     = "github.com/hyperledger/fabric-sdk-go"
	goose      = "github.com/pressly/goose/v3"
	httprate   = "github.com/go-chi/httprate"
	huma       = "github.com/danielgtaylor/huma/v2"
	jwt        = "github.com/golang-jwt/jwt/v5"
	kong       = "github.com/alecthomas/kong"
	kongplete  = "github.com/willabides/kongplete"
	mangoKong  = "github.com/alecthomas/mango-kong"
	roff       = "github.com/muesli/roff"
	lru        = "github.com/hashicorp/golang-lru/v2"
	lunar      = "github.com/6tail/lunar-go"
	minio      = "github.com/minio/minio-go/v7"
	textwidth  = "golang.org/x/text/width"
	norm       = "golang.org/x/text/unicode/norm"
	note       = "golang.org/x/mod/sumdb/note"
	otel       = "go.opentelemetry.io/otel"
	otelchi    = "github.com/riandyrn/otelchi"
	pgx        = "github.com/jackc/pgx/v5"
	prometheus = "github.com/prometheus/client_golang"
	protobuf   = "google.golang.org/protobuf"
	protosOld  = "github.com/hyperledger/fabric-protos-go"
	protosV2   = "github.com/hyperledger/fabric-protos-go-apiv2"
	shim       = "github.com/hyperledger/fabric-chaincode-go/v2"
	sio        = "github.com/minio/sio"
	sqlite     = "modernc.org/sqlite"
	tlog       = "golang.org/x/mod/sumdb/tlog"
	tusd       = "github.com/tus/tusd/v2"
	expSlog    = "golang.org/x/exp/slog"
	uuid       = "github.com/google/uuid"
	compare    = "github.com/google/go-cmp"
	rapid      = "pgregory.net/rapid"
	xmod       = "golang.org/x/mod"
	zstd       = "github.com/klauspost/compress/zstd"
)

// law is the table of packages. A library that only one row names has that row
// as its sole importer. What holds a log of internal/tlog speaks of its signers
// and hashes too, the suites of the ports compare and draw like tests, and what
// runs a server for tests prepares it with the store's library. The proof of a
// Fabric ledger is one kind of evidence, and of the ledger's own form; the two
// families of Fabric's messages must not meet in one binary.
var law = map[string]row{
	"ledger":                          {pure: true, third: []string{norm}},
	"ledger/calendar":                 {pure: true},
	"ledger/contract":                 {pure: true, own: []string{"ledger", "ledger/calendar", "internal/checkpoint"}, third: []string{note, tlog}},
	"ledger/embedded":                 {own: []string{"ledger", "ledger/contract", "internal/tlog", "internal/sqldb"}, third: []string{note, tlog, zstd}},
	"ledger/fabric":                   {own: []string{"ledger", "ledger/audit", "ledger/evidence", "ledger/fabric/proof"}, third: []string{fabric, protosOld, protobuf}, unlinked: []string{protosV2}},
	"ledger/fabric/proof":             {own: []string{"ledger", "ledger/evidence"}, third: []string{protobuf + "/encoding/protowire"}, unlinked: []string{protosOld, protosV2}},
	"ledger/ledgertest":               {own: []string{"ledger", "ledger/contract"}, third: []string{compare, rapid}},
	"ledger/provenance":               {own: []string{"ledger", "internal/readmodel"}},
	"ledger/audit":                    {own: []string{"ledger", "ledger/contract", "ledger/evidence", "internal/checkpoint", "internal/tlog"}, third: []string{note, tlog}},
	"ledger/evidence":                 {own: []string{"ledger", "ledger/calendar", "ledger/contract", "internal/cosign", "internal/checkpoint"}, third: []string{note, tlog}},
	"policies":                        {own: []string{"ledger"}, third: []string{casbin, lru}},
	"registry":                        {own: []string{"ledger", "ledger/calendar", "internal/bigram", "internal/readmodel"}, third: []string{norm}},
	"registry/catalog":                {own: []string{"ledger"}, third: []string{norm}},
	"licensing":                       {own: []string{"ledger", "policies", "internal/readmodel"}},
	"marketplace":                     {own: []string{"ledger", "marketplace/objects", "marketplace/receipts", "internal/readmodel"}, third: []string{lru}},
	"marketplace/objects":             {own: []string{"internal/durable", "internal/seal"}, third: []string{minio, sio}},
	"marketplace/objects/miniotest":   {third: []string{minio}},
	"marketplace/objects/objectstest": {own: []string{"marketplace/objects"}, third: []string{compare, rapid}},
	"marketplace/receipts":            {own: []string{"ledger", "internal/tlog", "internal/sqldb"}, third: []string{note, tlog}},
	"internal/arrows":                 {},
	"internal/guards":                 {},
	"internal/generate":               {own: []string{"ledger"}},
	"internal/attack":                 {},
	"internal/checkpoint":             {pure: true, third: []string{note, tlog}},
	"internal/torture":                {},
	"internal/cosign":                 {third: []string{note}},
	"internal/tlog":                   {own: []string{"internal/checkpoint"}, third: []string{xmod}},
	"internal/sqldb":                  {third: []string{zstd, sqlite, pgx, goose}},
	"internal/durable":                {},
	"internal/seal":                   {own: []string{"internal/durable"}},
	"internal/backup":                 {own: []string{"ledger", "marketplace/objects", "internal/durable", "internal/seal", "internal/words"}, third: []string{age, sio}},
	"internal/bigram":                 {},
	"internal/readmodel":              {own: []string{"ledger", "internal/sqldb"}},
	"internal/records":                {own: []string{"ledger", "internal/readmodel"}},
	"internal/sight":                  {own: []string{"ledger", "policies", "internal/readmodel"}},
	"internal/trace":                  {own: []string{"ledger", "internal/words"}},
	"internal/readmodel/readmodeltest": {own: []string{
		"ledger", "internal/sqldb",
	}},
	"internal/trace/follow": {own: []string{
		"ledger", "ledger/provenance", "marketplace/receipts", "policies", "internal/readmodel", "internal/sight", "internal/trace",
	}},
	"internal/trace/prove": {own: []string{
		"ledger", "ledger/evidence", "ledger/provenance", "marketplace/receipts", "policies", "internal/projection", "internal/sight",
	}},
	"internal/projection":            {own: []string{"ledger", "ledger/provenance", "internal/readmodel"}},
	"internal/words":                 {own: []string{"ledger"}},
	"internal/auth":                  {own: []string{"ledger"}, third: []string{jwt, lru}},
	"internal/custody":               {own: []string{"ledger", "internal/seal"}},
	"internal/terminal/terminaltest": {own: []string{"internal/terminal"}, third: []string{kong}},
	"internal/terminal":              {own: []string{"ledger", "internal/client", "internal/words"}, third: []string{kong, textwidth}},
	"internal/api/wire":              {own: []string{"ledger", "internal/words"}},
	"internal/api": {own: []string{
		"ledger", "registry", "licensing", "marketplace", "internal/api/wire", "internal/auth", "internal/records", "internal/sight", "internal/trace",
	}},
	"internal/web": {
		own: []string{
			"ledger", "ledger/calendar", "ledger/provenance", "ledger/evidence",
			"registry", "licensing", "marketplace", "internal/api", "internal/api/wire", "internal/auth", "internal/custody", "internal/metrics", "internal/readmodel", "internal/records", "internal/sight", "internal/trace", "internal/words", "policies",
		},
		third: []string{chi, expSlog, httprate, huma, lru, tusd, uuid},
	},
	"internal/client": {
		own:   []string{"ledger", "ledger/calendar", "ledger/evidence", "registry/catalog", "internal/api/wire", "internal/auth", "internal/cosign", "internal/durable", "internal/trace", "internal/words"},
		third: []string{tlog, uuid},
	},
	"internal/integration": {},
	"internal/tracing":     {own: []string{"internal/words"}, third: []string{chi, otel, otelchi}},
	"internal/metrics":     {own: []string{"ledger", "internal/api"}, third: []string{prometheus}},
	"internal/node": {
		own: []string{
			"ledger", "ledger/calendar", "ledger/contract", "ledger/embedded", "ledger/fabric",
			"ledger/provenance", "ledger/evidence", "policies", "registry", "registry/catalog", "licensing",
			"marketplace", "marketplace/objects", "marketplace/receipts",
			"internal/backup", "internal/checkpoint", "internal/cosign", "internal/tlog", "internal/sqldb", "internal/durable", "internal/seal", "internal/bigram", "internal/projection", "internal/readmodel", "internal/records", "internal/sight",
			"internal/trace", "internal/trace/follow", "internal/trace/prove",
			"internal/api", "internal/api/wire", "internal/auth", "internal/custody", "internal/words",
		},
		third: []string{lru, uuid, note, tlog},
	},
	"internal/demo": {
		own:   []string{"ledger", "ledger/calendar", "ledger/evidence", "internal/node", "internal/api/wire", "internal/client", "internal/web", "internal/durable", "internal/trace", "internal/words", "internal/terminal"},
		third: []string{uuid},
	},
	"internal/bench": {
		own:   []string{"ledger", "ledger/embedded", "ledger/fabric", "marketplace/receipts", "internal/tlog"},
		third: []string{uuid},
	},
	"cmd/cadastre": {
		own: []string{
			"ledger", "ledger/calendar", "ledger/evidence", "ledger/fabric/proof", "internal/proving", "internal/verdict",
			"internal/backup", "internal/node", "internal/api/wire", "internal/client", "internal/demo", "internal/bench", "internal/durable", "internal/trace", "internal/words", "internal/terminal", "internal/tracing", "internal/web", "internal/sight", "registry", "licensing",
		},
		third: []string{kong, kongplete, lunar, mangoKong, roff, uuid},
	},
	"internal/proving": {
		own: []string{
			"ledger", "ledger/audit", "ledger/embedded", "ledger/evidence", "marketplace/receipts", "internal/api/wire", "internal/client", "internal/durable", "internal/trace", "internal/verdict", "internal/words", "internal/terminal",
		},
		unlinked: []string{fabric, protosOld, chi, huma},
	},
	"internal/verdict": {
		own:      []string{"ledger", "ledger/evidence", "ledger/fabric/proof", "internal/words"},
		unlinked: []string{fabric, protosOld, chi, huma, sqlite, kong, "net/http"},
	},
	"cmd/verify/wasm": {own: []string{"internal/verdict"}}, // built for browsers alone
	"cmd/verify":      {own: []string{"ledger", "internal/client", "internal/proving", "internal/trace", "internal/terminal", "internal/words"}, third: []string{kong}, unlinked: []string{fabric, protosOld, chi, huma}},
	"cmd/chaincode":   {own: []string{"ledger", "ledger/contract"}, third: []string{shim, protosV2}, unlinked: []string{fabric}},
}

// impure is what a pure package may not import, with all below it. Signing needs
// randomness: ledger alone may have crypto/rand.
var impure = []string{"net", "os", "log", "sync", "math/rand", "crypto/rand"}

// excepted are the pure packages' own exceptions.
var excepted = map[string][]string{"ledger": {"crypto/rand"}}
