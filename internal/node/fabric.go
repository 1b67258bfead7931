package node

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

func openFabric(context.Context, Backend, *slog.Logger, func() time.Time) (opened, error) {
	return opened{}, errors.New("this program was built without Hyperledger Fabric")
}
