// Package cosign makes and checks cosignatures of checkpoints (C2SP tlog-cosignature,
// cosignature/v1 with Ed25519, key type 0x04): a timestamped signature over the text of
// a checkpoint, by someone other than its log. Here an auditor gives it who has replayed
// the log. What it means is for the verifier's trust file to say: it names the key.
package cosign
