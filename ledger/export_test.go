package ledger

// FormTypes are the structs whose forms are planned when the program starts.
var FormTypes = formTypes
