package contract

import "github.com/datacadastre/cadastre/ledger"

// registrationHandlers are the functions of deposit, application and entry.
var registrationHandlers = map[ledger.Function]handler{}
