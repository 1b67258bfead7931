//go:build js && wasm

// Command wasm is the verifier for browsers. It gives the page one function,
// cadastreVerify(bundle, trust, options): the bundle as a Uint8Array, the trust file
// as a text, and options as a JSON text or left out (verdict.Options). It returns the
// verdict as a JSON text (verdict.Verdict). It uses no network. `make wasm` builds it.
package main

import (
	"syscall/js"

	"github.com/datacadastre/cadastre/internal/verdict"
)

func main() {
	js.Global().Set("cadastreVerify", js.FuncOf(verify))
	select {} // the page calls
}

func verify(_ js.Value, args []js.Value) any {
	if len(args) < 2 || !args[0].InstanceOf(js.Global().Get("Uint8Array")) || args[1].Type() != js.TypeString {
		return js.Global().Get("TypeError").New("cadastreVerify(bundle: Uint8Array, trust: string, options?: string)")
	}
	bundle := make([]byte, args[0].Get("length").Int())
	js.CopyBytesToGo(bundle, args[0])
	var options string
	if len(args) > 2 && args[2].Type() == js.TypeString {
		options = args[2].String()
	}
	return string(verdict.JSON(bundle, []byte(args[1].String()), []byte(options)))
}
