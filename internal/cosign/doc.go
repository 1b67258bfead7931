// Package cosign makes and checks cosignatures of checkpoints (C2SP tlog-cosignature,
// cosignature/v1 with Ed25519, key type 0x04): timestamped signatures over the text of
// a checkpoint by someone other than the operator of its log. Here an auditor who has
// replayed the log gives them. The verifier's trust file names the auditor's key and
// says what its cosignature means.
package cosign
