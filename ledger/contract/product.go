package contract

import "github.com/datacadastre/cadastre/ledger"

// marketHandlers are the functions of products, content and orders.
var marketHandlers = map[ledger.Function]handler{}
