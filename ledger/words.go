package ledger

// Words are the words for one thing in both languages.
type Words struct {
	ZH string `json:"zh" zh:"中文" en:"in Chinese"`
	EN string `json:"en" zh:"英文" en:"in English"`
}
