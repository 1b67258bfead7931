package readmodel_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/datacadastre/cadastre/internal/readmodel"
)

// TestNarrow draws objects, written close and wide, and compares what is left of them
// with what encoding/json leaves.
func TestNarrow(t *testing.T) {
	names := []string{"a", "b", "name", "值", "c d", "resource"}
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.Deferred(func() *rapid.Generator[any] { return drawValue(3) })
		object := rapid.MapOf(rapid.SampledFrom(names), value).Draw(t, "object")
		data, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		if rapid.Bool().Draw(t, "wide") {
			if data, err = json.MarshalIndent(object, " ", "\t"); err != nil {
				t.Fatal(err)
			}
		}
		some := rapid.SliceOfDistinct(rapid.SampledFrom(names), rapid.ID).Draw(t, "names")
		want := map[string]any{}
		for _, n := range some {
			v, ok := object[n]
			if got := readmodel.Member(data, n); ok != (got != nil) || ok && !sameJSON(t, got, v) {
				t.Fatalf("member %q of %s: %s", n, data, got)
			}
			if ok {
				want[n] = v
			}
		}
		if got := readmodel.Narrow(data, some...); !sameJSON(t, got, want) {
			t.Fatalf("%v of %s: %s", some, data, got)
		}
	})
}

// TestNarrowOfAnything: what is no object, or breaks off, has no members beyond its end.
func TestNarrowOfAnything(t *testing.T) {
	for _, s := range []string{"", "null", "[]", `"a"`, "{", `{"`, `{"a`, `{"a"`, `{"a":`, `{"a":"`, `{"a":"\`, `{"a":[`, `{"a":1`, `{"a":1,`, `{"a" 1}`, `{,}`} {
		readmodel.Narrow([]byte(s), "a")
	}
	rapid.Check(t, func(t *rapid.T) {
		readmodel.Narrow([]byte(rapid.StringOf(rapid.SampledFrom([]rune(`{}[]",:\a 1`))).Draw(t, "text")), "a")
	})
}

func drawValue(depth int) *rapid.Generator[any] {
	list := []*rapid.Generator[any]{
		rapid.Just[any](nil), rapid.Bool().AsAny(), rapid.Float64Range(-1e6, 1e6).AsAny(),
		rapid.StringOf(rapid.SampledFrom([]rune("ab值 \"\\{}[],:\n"))).AsAny(),
	}
	if depth > 0 {
		list = append(list, rapid.SliceOfN(drawValue(depth-1), 0, 3).AsAny(), rapid.MapOfN(rapid.StringN(0, 3, -1), drawValue(depth-1), 0, 3).AsAny())
	}
	return rapid.OneOf(list...)
}

func sameJSON(t *rapid.T, data []byte, want any) bool {
	b, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var x, y any
	if err := json.Unmarshal(b, &x); err != nil {
		t.Fatal(err)
	}
	return json.Unmarshal(data, &y) == nil && cmp.Equal(x, y)
}
