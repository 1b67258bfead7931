package ledger

// formTypes are the arguments of all functions and all records, one of each.
var formTypes = []any{
	GenesisArgs{}, PartyAdmitArgs{}, PartyProfile{}, TargetArgs{}, KeyRotateArgs{}, RotationProof{}, KeyRevokeArgs{}, KeyReplaceArgs{},
	CalendarArgs{}, AnchorArgs{},
	DepositArgs{}, AppSubmitArgs{}, AppResubmitArgs{}, AppStepArgs{}, AppReturnArgs{}, AppRefuseArgs{}, AppPassArgs{}, AppObjectArgs{},
	AppDecideArgs{}, AppCodeArgs{},
	LicenseTerms{}, LicenseOfferArgs{}, AnswerArgs{}, EnvironmentProof{}, EnvironmentArgs{},
	ProductOffer{}, ProductListArgs{}, ContentArgs{}, OrderPlaceArgs{}, OrderPaymentArgs{},

	Genesis{}, Party{}, KeyRecord{}, LogRecord{}, CalendarYear{}, Anchor{}, Deposit{}, Application{}, Objection{}, Entry{}, Facts{}, Grant{},
	ResourceIndex{}, License{}, Environment{}, Product{}, Content{}, Order{}, Payment{}, Receipt{},

	Item{}, Quality{}, Temporal{}, Resource{}, Material{}, Review{}, Defect{}, Period{}, Purpose{}, Document{}, Selection{}, Decision{},
	Quota{}, Price{}, ProductTerms{}, NewKeyArg{}, Suspension{}, Cite{}, Limits{},
}

// decodedTypes are other structs that DecodeStrict reads with every call.
var decodedTypes = []any{Call{}, Header{}, Error{}}
