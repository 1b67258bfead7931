// Package trace defines a trace: the answer to where a file, a receipt or a record
// comes from, or what was made of it. The node, the API and the client share its types;
// package follow makes traces.
//
// It promises that the sentence of a trace says nothing that its steps do not show.
package trace
