// Package trace says what a trace is: the answer to where a file, a receipt or a
// record comes from, and to what came of it. The node, the API and the client share
// its types; package follow makes traces.
//
// It promises that the sentence which begins a trace says nothing that its steps do
// not show.
package trace
