package words

import "github.com/datacadastre/cadastre/ledger"

// Sayings are all sentences of a reason.
func Sayings(r ledger.Reason) (zhTitle, zhNext, enTitle, enNext string, known bool) {
	w, known := sayings[r]
	return w.zhTitle, w.zhNext, w.enTitle, w.enNext, known
}

// CheckCount is how many checks have sentences.
func CheckCount() int { return len(checks) }

// Causes are the errors of the table in both languages.
func Causes() (list []ledger.Words) {
	for _, c := range causes {
		list = append(list, ledger.Words{ZH: c[1], EN: c[0]})
	}
	return list
}
