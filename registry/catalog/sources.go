package catalog

import _ "embed"

//go:embed sources.json
var sources string

// SourcesMapping is the mapping for a catalog of public data sources, one JSON
// object a line, with names and descriptions in Chinese under name.zh and
// description.zh. The demonstration registers such a catalog; all that its
// records don't say is made up, and assumed.
func SourcesMapping() (Mapping, error) { return ParseMapping([]byte(sources)) }
