// Package seal holds a node's master key and seals small secrets with it: the
// data keys of objects and the signing keys a node keeps for parties.
//
// It promises that what Open returns is what Seal was given, under the same
// master key and for the same context, and that a wrong key is told apart from
// damage. It does not rotate keys, does not keep what it sealed, and is not
// for content: one master key may seal 2^32 times, each time a few hundred
// bytes held in memory.
//
// The cipher is AES-256-GCM with random nonces (NIST SP 800-38D, 8.2.2).
package seal
