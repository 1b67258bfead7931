package fabric

import (
	"context"
	"fmt"

	"github.com/hyperledger/fabric-sdk-go/pkg/client/channel"
	"github.com/hyperledger/fabric-sdk-go/pkg/common/errors/retry"
)

// Bare is a minimal client, written with the SDK alone. The ledger's speed is
// compared with it. Its chaincode writes a value under a key.
type Bare struct {
	net    *network
	client *channel.Client
	name   string
}

// OpenBare connects to the network of cfg, on which the minimal chaincode runs.
func OpenBare(cfg Config) (*Bare, error) {
	logTo(cfg.Log)
	n, err := connect(cfg)
	if err != nil {
		return nil, fmt.Errorf("open bare client: %w", err)
	}
	c, err := channel.New(n.provider())
	if err != nil {
		n.close()
		return nil, fmt.Errorf("open bare client: %w", n.startError(err))
	}
	return &Bare{net: n, client: c, name: cfg.Chaincode}, nil
}

// Put writes one key and returns when it is in a block.
func (b *Bare) Put(ctx context.Context, key string, value []byte) error {
	_, err := b.client.Execute(channel.Request{ChaincodeID: b.name, Fcn: "put", Args: [][]byte{[]byte(key), value}},
		channel.WithRetry(retry.DefaultChannelOpts), channel.WithParentContext(ctx))
	if err != nil {
		return fmt.Errorf("put %s: %w", key, err)
	}
	return nil
}

// Close disconnects from the network.
func (b *Bare) Close() { b.net.close() }
