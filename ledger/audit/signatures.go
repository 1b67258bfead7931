package audit

import (
	"runtime"
	"slices"
	"sync"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/contract"
)

// verifier verifies signatures on all cores, in parallel with the replay.
type verifier struct {
	algs ledger.Algorithms
	jobs chan signature
	wg   sync.WaitGroup

	mu     sync.Mutex
	failed []badSignature
}

type signature struct {
	place  ledger.Position
	at     string
	signed ledger.Signed
	key    ledger.JWK
}

type badSignature struct {
	signature
	err error
}

func verifyAll(algs ledger.Algorithms) *verifier {
	v := &verifier{algs: algs, jobs: make(chan signature, Bundle)}
	for range runtime.GOMAXPROCS(0) {
		v.wg.Go(func() {
			for j := range v.jobs {
				if _, err := contract.Verify(v.algs, j.signed, j.key); err != nil {
					v.mu.Lock()
					v.failed = append(v.failed, badSignature{j, err})
					v.mu.Unlock()
				}
			}
		})
	}
	return v
}

func (v *verifier) check(s signature) { v.jobs <- s }

// wait returns the signatures that are not valid, in the order of the ledger.
func (v *verifier) wait() []badSignature {
	close(v.jobs)
	v.wg.Wait()
	slices.SortFunc(v.failed, func(a, b badSignature) int { return a.place.Compare(b.place) })
	return v.failed
}
