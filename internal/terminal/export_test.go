package terminal

// Wrap is wrap.
func Wrap(s string, n int) []string { return wrap(s, n) }

// Columns is columns.
func Columns(s string) int { return columns(s) }

// Collection is where the record is that a member names.
func Collection(member string) string { return collections[member] }
