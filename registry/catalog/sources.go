package catalog

import _ "embed"

//go:embed sources.json
var sources string

// SourcesMapping returns the mapping for a catalog of public data sources: JSON Lines
// with names and descriptions in Chinese under name.zh and description.zh. The
// demonstration registers such a catalog. Members that its records lack are invented,
// and marked as assumed.
func SourcesMapping() (Mapping, error) { return ParseMapping([]byte(sources)) }
