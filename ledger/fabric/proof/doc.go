// Package proof checks, without any connection, that a call is recorded on a
// Fabric ledger.
//
// No one signs a transaction's validity flag, so that an endorsed transaction in
// a block proves its place and not that it counts. The proof is a read instead:
// the answer of the chaincode to the query call(party, id), the record that is
// kept of the call, signed by peers of several organizations. The read set that
// they sign with it holds the version of the call's key, the block and the
// transaction that wrote it. A call that was ordered and found invalid wrote no
// key, and no peer signs such an answer about it.
//
// The check promises that at least as many organizations as the trust file asks
// for, each by a peer whose certificate leads to that organization's own
// authorities, signed one answer, on the channel and of the chaincode that the
// trust file names, about the call whose JWS is here. Certificates must have
// been valid at the time that the question gives, which the peers held against
// their own clocks; a certificate on a revocation list counts at no time, since
// whoever holds its key can name any time.
//
// It does not prove the order of calls by itself, nor that the orderer's block
// is the one of that number: it rests on the word of a quorum, as the endorsement
// of every call does. The signature of the call is for ledger/evidence to check.
//
// Standard: protocol §10; Hyperledger Fabric v2.5, proposal and proposal
// response, membership service providers with node roles.
package proof
