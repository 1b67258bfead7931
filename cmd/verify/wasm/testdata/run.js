"use strict";
// Runs the verifier for browsers in Node.js:
//   node run.js wasm_exec.js verify.wasm <cases.json
// Cases are a list of {bundle: base64, trust, options?}. It prints a list of verdicts.
const fs = require("fs");
require(process.argv[2]);

(async () => {
  const go = new Go();
  const { instance } = await WebAssembly.instantiate(fs.readFileSync(process.argv[3]), go.importObject);
  go.run(instance);
  const cases = JSON.parse(fs.readFileSync(0, "utf8"));
  const times = [];
  const verdicts = cases.map((c) => {
    const bundle = c.bundle === undefined ? "no bytes" : new Uint8Array(Buffer.from(c.bundle, "base64"));
    const began = performance.now();
    const verdict = cadastreVerify(bundle, c.trust, c.options);
    times.push(performance.now() - began);
    return String(verdict);
  });
  process.stderr.write(`first ${times[0].toFixed(0)} ms, again ${times[times.length - 2].toFixed(0)} ms\n`);
  process.stdout.write(JSON.stringify(verdicts), () => process.exit(0));
})();
