package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
)

// label returns the label of a chaincode's package: its name and version.
func label(name string) string { return name + "_" + version }

// makePackage returns the chaincode package that every organization installs, and
// its id. The package contains neither an address nor a key, so that all
// organizations install the same bytes and get the same id. It is not compressed,
// so that the bytes do not depend on the version of a compressor.
func makePackage(name string) (data []byte, id string, err error) {
	code, err := archive(member{"connection.json", []byte("{}")})
	if err != nil {
		return nil, "", err
	}
	metadata := `{"type":"ccaas","label":"` + label(name) + `"}`
	data, err = archive(member{"metadata.json", []byte(metadata)}, member{"code.tar.gz", code})
	if err != nil {
		return nil, "", err
	}
	sum := sha256.Sum256(data)
	return data, label(name) + ":" + hex.EncodeToString(sum[:]), nil
}

type member struct {
	name string
	data []byte
}

func archive(members ...member) ([]byte, error) {
	var out bytes.Buffer
	zipped, err := gzip.NewWriterLevel(&out, gzip.NoCompression)
	if err != nil {
		return nil, err
	}
	w := tar.NewWriter(zipped)
	for _, m := range members {
		header := &tar.Header{Name: m.name, Mode: 0o644, Size: int64(len(m.data)), Format: tar.FormatUSTAR}
		if err := w.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := w.Write(m.data); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	if err := zipped.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
