package projection

// OneByOne has a loop commit after each group.
func OneByOne(l *Loop) { l.limits.calls = 0 }
