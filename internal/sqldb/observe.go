package sqldb

import "context"

// observed is the key of a context's observer.
type observed struct{}

// Observe returns a context whose queries are reported to see, with the name of the
// file that they read.
func Observe(ctx context.Context, see func(file, query string)) context.Context {
	return context.WithValue(ctx, observed{}, see)
}

// report reports a query to the observer of a context, if there is one.
func report(ctx context.Context, file, query string) {
	if see, ok := ctx.Value(observed{}).(func(file, query string)); ok {
		see(file, query)
	}
}
