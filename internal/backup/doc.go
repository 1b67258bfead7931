// Package backup stores copies of a node in a folder or a bucket: the target. It knows the
// form of the target and nothing of a node: package node says what is copied.
//
// It promises that a copy is listed and restored only if it is whole and was read back,
// that an interrupted copy leaves only what the next one removes, that content already in
// the target is not copied again, and that a copy of which any byte was changed, cut off,
// removed or exchanged is refused with the name of the file. It does not detect that the
// newest copies were removed from the target. Anyone who knows a recipient can make a copy
// for it: compare the ledger of such a copy with a trust file.
//
// # Form of the target
//
//	format              cadastre-backup 1
//	lock                in use while a copy is made or removed
//	tmp/                unfinished files
//	objects/ab/NAME     content as the node stores it, encrypted with its data key
//	backups/ID/head     JSON in clear: whose copy it is, and its key, sealed
//	backups/ID/folder/… files and databases of the node's folder, encrypted
//	backups/ID/objects  the content of this copy, in clear: name, bytes, SHA-256
//	backups/ID/keys     the data keys of this content, each sealed by the master key; encrypted
//	backups/ID/manifest encrypted, written last: size and SHA-256 of every other file
//
// Each copy has a random key. It is sealed with age for a passphrase or for recipients, or
// by the node's master key. Each file is a DARE 2.0 stream (AES-256-GCM, packages of
// 64 KiB) with a key that HKDF derives from the copy's key for the file's name; this key
// encrypts one stream, so the nonce is zero. The manifest has the SHA-256 of head, and
// authenticates all other files. The list of content is in clear so that copies can be
// removed without their keys.
package backup
