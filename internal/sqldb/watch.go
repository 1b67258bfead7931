package sqldb

import "context"

// watched is the key of a context's watcher.
type watched struct{}

// Watch returns a context whose queries are reported to see, by the name of the file
// that they read.
func Watch(ctx context.Context, see func(file, query string)) context.Context {
	return context.WithValue(ctx, watched{}, see)
}

// report tells the watcher of a context, if it has one, of a query.
func report(ctx context.Context, file, query string) {
	if see, ok := ctx.Value(watched{}).(func(file, query string)); ok {
		see(file, query)
	}
}
