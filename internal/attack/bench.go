package main

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
)

// metric runs a benchmark of this repository three times and returns the median of one of
// its metrics: something else that runs on the machine must not decide.
func metric(ctx context.Context, folder, name, unit string) (float64, error) {
	out, err := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-count", "3", "-bench", "^"+name+"$", folder).CombinedOutput() //nolint:gosec // the names are this program's own
	if err != nil {
		return 0, fmt.Errorf("%s: %w: %s", name, err, out)
	}
	var figures []float64
	for _, found := range regexp.MustCompile(`([0-9.]+(?:e[+-]?[0-9]+)?) `+regexp.QuoteMeta(unit)+`\b`).FindAllSubmatch(out, -1) {
		figure, err := strconv.ParseFloat(string(found[1]), 64)
		if err != nil {
			return 0, err
		}
		figures = append(figures, figure)
	}
	if len(figures) == 0 {
		return 0, fmt.Errorf("%s reported no %s", name, unit)
	}
	slices.Sort(figures)
	return figures[len(figures)/2], nil
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
