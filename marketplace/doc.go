// Package marketplace moves licensed data. It has the current products and orders, the
// supply of resources to an operator's environment under a license, and the delivery of
// products to a buyer under an order.
//
// Both flows take the same steps: enter the running table, decide,
// reserve limits and store a start receipt on disk, check again, stream, store an end
// receipt. When a decision ends, the running transfer is cut within a second. The
// ledger's contract decides what may be recorded, and the Decide function of Config
// decides who may use what. The package does not use HTTP.
package marketplace
