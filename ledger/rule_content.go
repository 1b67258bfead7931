package ledger

import "slices"

// MaxFileResources is how many resources the index of a file lists.
const MaxFileResources = 20

// FileUse is the value of the index of a file under FileKey: the resources of which
// the file is, or once was, content. Content that is removed from a resource is still
// raw data, so a resource is never taken off the list.
type FileUse struct {
	Resources []ID `json:"resources"`      // the first MaxFileResources, in the order in which they were added
	More      bool `json:"more,omitempty"` // the file is content of further resources
}

// FileKey returns the key of the index from a file, by SHA-256, to its FileUse. A file
// that is content of no resource has no such key.
func FileKey(sha256 Digest) string { return RecordKey(RefTo(KindFile, sha256)) }

// With returns the use with a resource added, and whether that changes it.
func (u FileUse) With(resource ID) (FileUse, bool) {
	switch {
	case contains(u.Resources, resource), u.More:
		return u, false
	case len(u.Resources) == MaxFileResources:
		u.More = true
	default:
		u.Resources = append(slices.Clone(u.Resources), resource)
	}
	return u, true
}

// Among returns the use by some of the resources. A delivery is judged by the sources of
// its product: a record of the same file by anyone else does not stop it.
func (u FileUse) Among(resources []ID) FileUse {
	return FileUse{Resources: slices.DeleteFunc(slices.Clone(u.Resources), func(id ID) bool { return !contains(resources, id) })}
}

// CheckFile refuses, as content of a product, a file that is raw content of a resource
// (O21): raw data is sold only if every such resource is registered, on the day, as
// open to the public. entries has the entries of u.Resources. A file of more resources
// than the index lists is refused.
func CheckFile(u FileUse, entries map[ID]EntryDetail, day Date) *Error {
	if u.More {
		return forbid(ReasonRawContent, "O21")
	}
	for _, id := range u.Resources {
		if e := entryOf(entries, id); e == nil || !e.Effective(day) || e.Resource.OpenType != OpenTypeOpen {
			return forbid(ReasonRawContent, "O21")
		}
	}
	return nil
}

// ProductContent is the value of the index under ProductContentKey.
type ProductContent struct {
	Effective int64 `json:"effective"` // number of content records of the product that are not removed
}

// ProductContentKey returns the key of the index from a product to how many files it
// has to deliver.
func ProductContentKey(product ID) string { return "product_content/" + string(product) }

// CheckHasContent refuses an order of a product that has nothing to deliver (B1). Every
// form of product that can be listed is delivered as files.
func CheckHasContent(c ProductContent) *Error {
	if c.Effective < 1 {
		return forbid(ReasonNoContent, "B1")
	}
	return nil
}

// ContentOfKey returns the key of the index from a file at a node to the content record
// that makes it content of a resource or product, until that record is removed. So a
// node does not store the same file twice for the same resource or product.
func ContentOfKey(subject Ref, sha256 Digest, node string) string {
	return "content_of/" + string(subject) + "/" + string(sha256) + "/" + node
}
