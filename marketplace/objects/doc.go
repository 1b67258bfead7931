// Package objects stores content: data files, materials and free texts. Each is stored
// once under a random id, is never overwritten, and is encrypted here before it reaches
// the store.
//
// OpenDisk stores content in a folder, OpenS3 in a bucket of any S3 store, under the
// same names. One suite, objectstest, tests the promises of both.
//
// It promises that an object is whole and durable when Put returns, that a failed Put
// leaves nothing behind, that a reader gets only the bytes that were put, and that
// clear text never reaches the store. It does not decide who may read an object. It
// does not detect equal contents, because deleting one party's copy must not delete
// another's. It stores no hash outside the encryption: the caller records the hash that
// Put returns.
//
// # Life of an object
//
// Put draws an id and a data key. The store opens a temporary file. It stores the data
// key, sealed by the master key for this id, in <id>.key.<master key>. The content
// streams in, is encrypted, flushed and renamed to its place. So content always has a
// key, and the temporary file shows what an interrupted Put left. Delete removes the
// key first: without the key the content is erased. Rotate writes a new
// <id>.key.<master key> and removes the old one; it never rewrites content.
//
// In a bucket, an empty object tmp/<id> takes the role of the temporary file: it is
// written before the key, and removed when the content is complete. Small content is
// sent with one put, large content with a multipart upload. A part is buffered in
// memory, so that it can be sent again. The store needs only conditional puts (if it
// supports them), multipart uploads, ranged gets, lists and deletions.
//
// An object can also be put in parts, each durable when Append returns: then its data key
// is marked, its parts are <id>.part.<random name>, and <id>, written by Join, is the list
// of their names and lengths with the SHA-256 of the whole. Each part, the list, and the
// state of an unfinished hash have their own key, derived from the data key by HKDF. A
// part is never written twice under one name, so no key and nonce are used twice, even
// when a part is sent again after an interruption.
//
// The content is a DARE 2.0 stream (packages of 64 KiB, AES-256-GCM, by
// github.com/minio/sio) of the clear text followed by its SHA-256. Because of this
// digest an empty object has a package too, and Open and Stat can prove the size before
// the first byte. Each key encrypts one stream only, so the stream's nonce is zero, as
// in age's STREAM. A ranged read checks the nonce too, because DARE itself binds a
// package only to its position after the first package read.
package objects
