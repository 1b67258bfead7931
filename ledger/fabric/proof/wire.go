package proof

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// Fabric's messages are read by the numbers of their members (fabric-protos), not by
// its generated code: that links 5 MB and takes 3 ms to begin, whatever is checked.

// layout names the members of a message that are read here, by number, with the form
// of their values on the wire.
type layout map[protowire.Number]protowire.Type

const (
	number = protowire.VarintType
	text   = protowire.BytesType // also bytes and messages
)

// The members of Fabric's messages. Those of parts of a hashed or signed text are all
// that the message has.
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

// message is a message taken apart.
type message struct {
	numbers map[protowire.Number]uint64   // the last value of each
	texts   map[protowire.Number][][]byte // all values, in order
}

// decode takes a message apart. Members that the layout does not name are skipped.
func decode(what string, data []byte, l layout) (message, error) {
	return read(what, data, l, false)
}

// decodePart takes apart a part of what is hashed or signed as one text with the part
// that follows, and nothing says where it ends. It may hold members of its own
// alone, each once: then there is one place where the text can be cut, the one at
// which it was put together, and no member's value can be taken from the next part.
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
			return m, fmt.Errorf("%s: member %d is not one of its own, or there twice", what, n)
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

// text is the value of a member, the last one where there are several.
func (m message) text(n protowire.Number) []byte {
	list := m.texts[n]
	if len(list) == 0 {
		return nil
	}
	return list[len(list)-1]
}

// inner takes the message apart that is the value of a member; where there are
// several, they are one message in pieces.
func (m message) inner(what string, n protowire.Number, l layout) (message, error) {
	var all []byte
	for _, piece := range m.texts[n] {
		all = append(all, piece...)
	}
	return decode(what, all, l)
}

// chaincode is the name of the chaincode whose id is the value of a member.
func (m message) chaincode(n protowire.Number) (string, error) {
	id, err := m.inner("chaincode id", n, chaincodeID)
	return string(id.text(2)), err
}
