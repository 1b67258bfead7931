// Package proof checks offline that a call is recorded on a Fabric ledger.
//
// Nobody signs the validity flag of a transaction. So an endorsed transaction in a
// block proves its place, but not that it is valid. The proof is a query instead: the
// answer of the chaincode to call(party, id), that is the stored record of the call,
// signed by peers of several organizations. The read set in the signed answer has the
// version of the call's key: the block and the transaction that wrote it. An invalid
// transaction writes no key, so no peer signs such an answer about its calls.
//
// A proof passes the check if the same answer is signed by peers of at least as many
// organizations as the trust file requires, if each peer's certificate was issued by
// its organization's own authorities, and if the answer is for the channel and the
// chaincode of the trust file and about the given call. Certificates must have been
// valid at the time in the question, which the peers compared with their own clocks. A
// certificate on a revocation list is never accepted, because anyone who has its key
// can write any time into a question.
//
// The check does not prove the order of calls, nor that the block with this number is
// the orderer's. It relies on a quorum of organizations, as the endorsement of every
// call does. Package ledger/evidence checks the signature of the call.
//
// Standard: Hyperledger Fabric v2.5, proposal and proposal response,
// membership service providers with node roles.
package proof
