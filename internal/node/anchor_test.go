package node

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/datacadastre/cadastre/ledger"
)

// TestWaitingForAnAnchor ends at the moment when enough is anchored, and after five
// seconds without that.
func TestWaitingForAnAnchor(t *testing.T) {
	for name, c := range map[string]struct {
		least int64
		want  time.Duration
		ok    bool
	}{
		"anchored already": {2, 0, true},
		"by the next":      {3, 1001 * time.Millisecond, true},
		"by a later one":   {5, 2002 * time.Millisecond, true},
		"never":            {6, 5 * time.Second, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var a anchors
				a.set(2, time.Now())
				go func() {
					for _, size := range []int64{3, 5} {
						time.Sleep(1001 * time.Millisecond)
						a.set(size, time.Now())
					}
				}()
				begun := time.Now()
				err := a.wait(t.Context(), c.least)
				if took := time.Since(begun); took != c.want || (err == nil) != c.ok || !c.ok && !errors.Is(err, ledger.Unavailable) {
					t.Errorf("waited %v, want %v: %v", took, c.want, err)
				}
				synctest.Wait()
				time.Sleep(5 * time.Second)
			})
		})
	}
}

// TestAgeOfAnchors counts from the first receipt that is not anchored, however long the
// node had nothing to anchor before it.
func TestAgeOfAnchors(t *testing.T) {
	var a anchors
	now := time.Unix(0, 0)
	want := func(age time.Duration, ever bool) {
		t.Helper()
		if got, known := a.age(now); got != age || known != ever {
			t.Errorf("age %v, %v, want %v, %v", got, known, age, ever)
		}
	}
	want(0, false)
	a.set(0, now)
	now = now.Add(time.Minute)
	want(time.Minute, true)
	a.setIdle(true, now)
	now = now.Add(time.Hour)
	want(0, true)
	a.setIdle(false, now)
	now = now.Add(time.Second)
	want(time.Second, true)
	a.doubt()
	want(time.Second, true)
	a.set(1, now)
	want(0, true)
}
