package tlog

// ParseTilePath opens the parser of paths to its tests.
var ParseTilePath = parseTilePath
