package words

import "github.com/datacadastre/cadastre/ledger"

// Sayings are all sentences of a reason.
func Sayings(r ledger.Reason) (zhTitle, zhNext, enTitle, enNext string, known bool) {
	w, known := sayings[r]
	return w.zhTitle, w.zhNext, w.enTitle, w.enNext, known
}
