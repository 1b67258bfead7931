// Package fabric is a ledger that several organizations operate together: it
// implements ledger.Ledger over a channel of Hyperledger Fabric, whose chaincode is
// the contract. It uses fabric-sdk-go; no type of the SDK is visible outside.
//
// How a call is submitted:
//
//  1. Submit parses the call. The contract, which runs at the peers, checks it. A
//     call that may share a transaction (ledger.Batched) joins the queue of its party:
//     the calls that arrive while transactions are in progress go into the next one
//     together. Every other call gets its own transaction.
//  2. Peers of as many organizations as the channel's policy requires run the
//     contract. Each signs the outcome of every call and what is written.
//  3. If no call is new, since all are refused or already recorded, that is the
//     result, and no transaction is sent.
//  4. Otherwise the transaction goes to an orderer and comes back in a block. It is
//     valid if nothing that it read has changed. If it is invalid, it is tried again;
//     a batch is split into two halves.
//
// Fabric never states that a transaction, once sent, will not be recorded. So the same
// calls are submitted again until their first result is known: the contract stores call
// ids and returns the first result again. After 30 seconds, or when the caller's context
// ends, Submit returns Unavailable, and the caller may submit the same call again. A
// refusal is not returned while an earlier attempt may still be recorded.
//
// Blocks come complete from the stream of a peer. Their numbers and hashes are checked,
// and missing blocks are fetched. Each reader has its own connection. Values are read
// from one peer, if possible one of the own organization, and are at least as new as
// what Submit and Blocks have returned.
//
// Recorded returns a proof (package proof) if peers of at least two organizations sign
// the same answer about the call.
//
// The SDK has one log per process. It goes to the Config.Log of the first ledger that is
// opened.
package fabric
