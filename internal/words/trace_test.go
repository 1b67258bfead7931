package words

import "testing"

// TestFirstLetters: a sentence may begin with a name in Chinese.
func TestFirstLetters(t *testing.T) {
	for text, want := range map[string]string{"": "", "a file": "A file", "演示公司 sold it": "演示公司 sold it", "éclair": "Éclair"} {
		if got := upper(text); got != want {
			t.Errorf("upper %q: %q, want %q", text, got, want)
		}
	}
	for text, want := range map[string]string{"": "", "A file": "A file", "Each file": "each file", "JSON file": "JSON file", "演示公司 sold it": "演示公司 sold it", "É b": "É b", "Éclair": "éclair"} {
		if got := lower(text); got != want {
			t.Errorf("lower %q: %q, want %q", text, got, want)
		}
	}
}
