package ledger

// Words are the words for one thing in the two languages of the register.
type Words struct {
	ZH string `json:"zh"`
	EN string `json:"en"`
}
