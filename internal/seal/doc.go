// Package seal has a node's master key and seals small secrets with it: the data keys
// of objects, and the signing keys that a node stores for parties.
//
// It promises that Open returns exactly what Seal was given, for the same master key
// and context, and that its errors distinguish a wrong key from damage. It does not
// rotate keys or store what it sealed, and it is not for content: one master key may
// seal 2^32 times, each time a few hundred bytes in memory.
//
// The cipher is AES-256-GCM with random nonces (NIST SP 800-38D, 8.2.2).
package seal
