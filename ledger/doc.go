// Package ledger is the shared language of Cadastre: the named types, records,
// calls, events, receipts and errors that every other package speaks, and the
// Ledger port behind which a permissioned ledger stands.
//
// It promises strict decoding (exact member names, none unknown, none twice,
// NFC text), stable encodings (structs and sorted lists, never maps) and one
// typed error whose text form survives any boundary. It holds no rule about
// what may be recorded: those live in ledger/contract.
//
// Terms follow the interim measures for registering public data resources
// (公共数据资源登记管理暂行办法, cited as R), the norm of authorized operation
// (公共数据资源授权运营实施规范, O), DCAT 3, ODRL 2.2, RFC 7515 (JWS),
// RFC 7638 (thumbprints) and RFC 9162 (logs).
package ledger
