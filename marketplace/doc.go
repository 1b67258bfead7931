// Package marketplace is where licensed data move: products and orders as they
// stand, supply of resources to an operator's environment under a license, and
// delivery of products to a buyer under an order.
//
// Both flows take one path (protocol §7): enter the running table, decide,
// reserve limits and keep a durable start receipt, look again, stream, keep an
// end receipt. When a decision ends, what runs is cut within a second. What may
// be recorded is decided by the ledger's contract, who may use what by the
// decision handed in; nothing here speaks HTTP.
package marketplace
