package proof

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// Fabric's messages are decoded by field number (fabric-protos) and not by the
// generated code, which would add 5 MB to the binary and 3 ms to every start.

// layout gives the wire types of those fields of a message that are used here, by
// field number.
type layout map[protowire.Number]protowire.Type

const (
	number = protowire.VarintType
	text   = protowire.BytesType // also bytes and messages
)

// The fields of Fabric's messages. The layouts of parts of a hashed or signed text
// list all fields that the message has.
var (
	channelHeader       = layout{1: number, 2: number, 3: text, 4: text, 5: text, 6: number, 7: text, 8: text}
	signatureHeader     = layout{1: text, 2: text}
	proposalPayload     = layout{1: text, 2: text}
	responsePayload     = layout{1: text, 2: text}
	serializedIdentity  = layout{1: text, 2: text}
	timestamp           = layout{1: number, 2: number}
	chaincodeExtension  = layout{2: text}
	chaincodeID         = layout{2: text}
	chaincodeInvocation = layout{1: text}
	chaincodeSpec       = layout{2: text, 3: text}
	chaincodeInput      = layout{1: text}
	chaincodeAction     = layout{1: text, 3: text, 4: text}
	response            = layout{1: number, 3: text}
	txReadWriteSet      = layout{2: text}
	nsReadWriteSet      = layout{1: text, 2: text}
	kvReadWriteSet      = layout{1: text}
	kvRead              = layout{1: text, 2: text}
	version             = layout{1: number, 2: number}
)

// message is a decoded message.
type message struct {
	numbers map[protowire.Number]uint64   // last value of each field
	texts   map[protowire.Number][][]byte // all values of each field, in order
}

// decode decodes a message. It skips fields that are not in the layout.
func decode(what string, data []byte, l layout) (message, error) {
	return read(what, data, l, false)
}

// decodePart decodes a part of a hashed or signed text in which the parts follow
// each other without a separator. It accepts only fields of the layout, each at
// most once. So the text can be split at one place only, and no part can borrow
// bytes of the next one.
func decodePart(what string, data []byte, l layout) (message, error) {
	return read(what, data, l, true)
}

func read(what string, data []byte, l layout, part bool) (message, error) {
	m := message{numbers: map[protowire.Number]uint64{}, texts: map[protowire.Number][][]byte{}}
	seen := map[protowire.Number]bool{}
	for rest := data; len(rest) > 0; {
		n, form, head := protowire.ConsumeTag(rest)
		size := protowire.ConsumeFieldValue(n, form, rest[max(head, 0):])
		if head < 0 || size < 0 {
			return m, fmt.Errorf("%s: %w", what, protowire.ParseError(min(head, size)))
		}
		want, own := l[n]
		switch {
		case part && (!own || seen[n]):
			return m, fmt.Errorf("%s: member %d is unknown or repeated", what, n)
		case own && form != want:
			return m, fmt.Errorf("%s: member %d is of another type", what, n)
		case own && form == number:
			m.numbers[n], _ = protowire.ConsumeVarint(rest[head:])
		case own:
			value, _ := protowire.ConsumeBytes(rest[head:])
			m.texts[n] = append(m.texts[n], value)
		}
		seen[n] = true
		rest = rest[head+size:]
	}
	return m, nil
}

// text returns the value of a field, the last one if there are several.
func (m message) text(n protowire.Number) []byte {
	list := m.texts[n]
	if len(list) == 0 {
		return nil
	}
	return list[len(list)-1]
}

// inner decodes the message in a field. If there are several values, they are
// concatenated, as protobuf requires.
func (m message) inner(what string, n protowire.Number, l layout) (message, error) {
	var all []byte
	for _, piece := range m.texts[n] {
		all = append(all, piece...)
	}
	return decode(what, all, l)
}

// chaincode returns the name in the chaincode id in a field.
func (m message) chaincode(n protowire.Number) (string, error) {
	id, err := m.inner("chaincode id", n, chaincodeID)
	return string(id.text(2)), err
}
