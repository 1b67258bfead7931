// Package fabric is a ledger that several organizations keep together: the port
// ledger.Ledger over a channel of Hyperledger Fabric, whose chaincode is the
// contract. It stands on fabric-sdk-go, and no type of the SDK leaves it.
//
// Life of a call. Submit takes it apart only; the contract, at the peers, checks
// it. A call that may go with others (ledger.Batched) waits in its party's lane,
// where all that have come in while transactions are on their way go into the
// next one; any other call is a transaction of its own. Peers of as many
// organizations as the channel's policy wants run the contract and sign what it
// answers: an outcome for each call, and what is written. When nothing in the
// answer is new, for all is refused or recorded before, it ends there and costs
// no transaction. Else the transaction goes to an orderer, comes back in a block,
// and counts if what it had read is still so. If not, it is tried again, a batch
// in halves.
//
// Fabric never says for certain that a transaction will not be recorded once it
// is sent. So the same calls are submitted again until their first result is
// known: the contract keeps call ids and gives the first result again. After half
// a minute, or when the caller's context ends, the answer is unavailable, and the
// caller may submit the same call again. A refusal while an earlier attempt may
// still be recorded is no answer either.
//
// Blocks come whole from a peer's stream, held against their numbers and hashes,
// with the missing ones fetched; each reader has a connection of its own. What is
// read by key comes from one peer, the organization's own first, and is at least
// as new as what Submit has answered and Blocks has given.
//
// Recorded comes with a proof (package proof) when peers of at least two
// organizations sign the same answer about the call.
//
// The SDK's log goes to the first Config.Log of the process: it has one for all.
package fabric
