package main

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
)

// metric runs a benchmark of this repository and returns one of its metrics.
func metric(ctx context.Context, folder, name, unit string) (float64, error) {
	out, err := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^"+name+"$", folder).CombinedOutput() //nolint:gosec // the names are this program's own
	if err != nil {
		return 0, fmt.Errorf("%s: %w: %s", name, err, out)
	}
	found := regexp.MustCompile(`([0-9.]+(?:e[+-]?[0-9]+)?) ` + regexp.QuoteMeta(unit) + `\b`).FindSubmatch(out)
	if found == nil {
		return 0, fmt.Errorf("%s reported no %s", name, unit)
	}
	return strconv.ParseFloat(string(found[1]), 64)
}

// decisions returns how much longer a decision takes for a party with 1,000 licenses than
// for one with 1.
func decisions(ctx context.Context, _ *node) (float64, error) {
	one, err := metric(ctx, "./policies", "BenchmarkDecide/casbin/licenses=1", "ns/op")
	if err != nil {
		return 0, err
	}
	thousand, err := metric(ctx, "./policies", "BenchmarkDecide/casbin/licenses=1000", "ns/op")
	return thousand / one, err
}

// stream returns a function that returns how much longer the delivery of an object takes
// than from a bare server.
func stream(size string) func(context.Context, *node) (float64, error) {
	return func(ctx context.Context, _ *node) (float64, error) {
		return metric(ctx, "./internal/node", "BenchmarkDelivery/"+size, "node/bare")
	}
}
