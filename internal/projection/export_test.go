package projection

import "time"

// OneByOne has a loop commit after each group.
func OneByOne(l *Loop) { l.limits.calls = 0 }

// AwaitAhead waits until n groups are read ahead.
func AwaitAhead(l *Loop, n int) {
	for len(l.groups) < n {
		time.Sleep(time.Millisecond)
	}
}

// Patient has a loop take its time for a transaction.
func Patient(l *Loop) { l.limits.time = time.Hour }
