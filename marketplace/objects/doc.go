// Package objects keeps content: data files, materials and free texts, each
// stored once under a random id, never overwritten, and encrypted by us before
// it reaches the store.
//
// OpenDisk keeps it in a folder, OpenS3 in a bucket of any S3 store, under the
// same names; what both promise is tried by one suite, objectstest.
//
// It promises that an object whose Put returned is whole and durable, that a
// failed Put leaves nothing, that no byte is handed out which is not the byte
// that was put, and that clear text never touches the store. It does not know
// who may read an object, does not find equal content (one party's deletion
// must not delete another's copy), and keeps no hash outside the encryption:
// the caller records the hash that Put returns.
//
// # Life of an object
//
// Put draws an id and a data key. The store opens a temporary file; the data
// key, sealed by the master key for this id, is kept in <id>.key.<master key>;
// the content streams in, encrypted, is flushed and renamed into place. So
// content never stands without its key, and what an interrupted Put leaves is
// found by the temporary file. Deleting the key erases the content; Delete
// does it first. Rotate writes a new <id>.key.<master key> and removes the old
// one; content is never written again.
//
// In a bucket an empty object tmp/<id> stands for the temporary file: it is
// there before the key, and goes when the content has come whole, by one put or
// by an upload of parts. A part is held in memory, so that it can be sent again.
// Nothing is asked of the store but puts that are refused if the name is there
// (where it can), uploads of parts, ranged gets, lists and deletions.
//
// The content is a DARE 2.0 stream (packages of 64 KiB, AES-256-GCM, by
// github.com/minio/sio) of the clear text followed by its SHA-256. The digest at
// the end makes an empty object a package too, and lets Open and Stat prove
// the size before the first byte. The key serves one stream only, so the
// stream's nonce is zero, as in age's STREAM; a range checks that too, since DARE
// by itself binds a package to its place only relative to the first one read.
package objects
