// Package ledger is the shared vocabulary of Cadastre: the named types, records,
// calls, events, receipts and errors that all other packages use, and the interface
// Ledger of a permissioned ledger.
//
// Decoding is strict (exact member names, no unknown or repeated ones, NFC text),
// encodings are stable (structs and sorted lists, never maps), and there is one error
// type whose text form can cross any boundary. The rules about what may be recorded
// are in ledger/contract.
//
// Terms follow the interim measures for registering public data resources
// (公共数据资源登记管理暂行办法, cited as R), the norm of authorized operation
// (公共数据资源授权运营实施规范, O), DCAT 3, ODRL 2.2, RFC 7515 (JWS),
// RFC 7638 (thumbprints) and RFC 9162 (logs).
package ledger
