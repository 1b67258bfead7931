package contract

import "github.com/datacadastre/cadastre/ledger"

// licenseHandlers are the functions of licenses and environments.
var licenseHandlers = map[ledger.Function]handler{}
