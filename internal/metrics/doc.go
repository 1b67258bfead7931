// Package metrics measures a node for Prometheus. What the node counts itself is read when
// it is asked for; only requests are counted here, as they end.
//
// No label has an id of a party or record, a path or anything else that a client chose:
// labels are functions, reasons, routes and other words of the program, so the number of
// series is bounded.
package metrics
