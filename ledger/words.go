package ledger

// Words are a name in Chinese and in English.
type Words struct {
	ZH string `json:"zh"`
	EN string `json:"en"`
}
