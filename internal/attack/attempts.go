package main

// attempts are the rows, in the order in which they are made. Figures of an older program
// that only its own benchmarks could measure are written down: two cores, November 2026.
var attempts = []attempt{
	{id: "1a", tried: "uses 1: eight slices at once, each reset and asked for again", figure: "%.2f objects", most: 2, why: "≤ uses × size + one object", try: usesOnce},
	{id: "1b", tried: "bytes = size: the same", figure: "%.2f objects", most: 2, why: "≤ limit + one object", try: bytesOnce},
	{id: "2", tried: "read on after the buyer's key is revoked as compromised", figure: "%.1f MB more", most: 12, why: "≤ what sockets buffer", try: revoked},
	{id: "3", tried: "ask for invented resources for 3 s", figure: "%.0f receipts", most: 61, why: "≤ 60 a party and minute, and a count", try: denials},
	{id: "4", tried: "upload 50 MiB as a buyer", figure: "%.0f MiB taken", most: 0, why: "only who may add content", try: uploads},
	{id: "5", tried: "64 deliveries that read nothing: median of a call", figure: "%.1f times", most: 5, why: "≤ 5 times", long: true, try: stalled},
	{id: "6", tried: "the end of a connection that is cut looks like an end", figure: "%.0f", most: 0, why: "reset", try: terminated},
	{id: "7", tried: "learn whether another party made a call", figure: "%.0f", most: 0, why: "no", try: guess},
	{id: "8", tried: "ask for traces without an account, eight at once", figure: "%.1f/s", most: 4.5, why: "≤ 2/s, and a burst", try: anonymous},
	{id: "9", tried: "sell a raw file that was supplied under a license", figure: "%.0f added", most: 0, why: "refused", try: raw},
	{id: "9b", tried: "stop a product by claiming its file as raw content", figure: "%.0f stopped", most: 0, why: "only its sources count", try: claim},
	{id: "10a", tried: "fetch what is there already", figure: "%.0f receipts", most: 0, why: "no use", try: again},
	{id: "10b", tried: "fetch beside a foreign .part, short and long", figure: "%.0f failed", most: 0, why: "it begins again", try: foreign},
	{id: "10c", tried: "call a node that does not run", figure: "said after %.1f s", most: 3, why: "at once", try: closed},
	{id: "10d", tried: "upload, cut after two thirds, and again", figure: "%.2f of it sent twice", most: 0.4, why: "it resumes", try: resumed},
	{id: "11", tried: "six habits of HTTP and of the API", figure: "%.0f broken", most: 0, why: "none", try: habits},
	{id: "12", tried: "decide for a party with 1,000 licenses instead of 1", figure: "%.1f times the time", most: 1.5, why: "flat", long: true, before: "81 µs at 100", try: decisions},
	{id: "13a", tried: "deliver 1 MiB over HTTP, relative to a bare server", figure: "%.2f times the time", most: 1.67, why: "≤ 1 / 0.6", long: true, before: "2.5 times", try: stream("1MiB")},
	{id: "13b", tried: "deliver 64 MiB over HTTP, relative to a bare server", figure: "%.2f times the time", most: 1.06, why: "≤ 1 / 0.95", long: true, before: "1.06 to 1.32 times", try: stream("64MiB")},
}
