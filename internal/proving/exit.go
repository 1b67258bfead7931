package proving

import (
	"errors"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/ledger"
)

// Exit codes of both programs, as in their help.
const (
	ExitOK          = 0
	ExitFailed      = 1
	ExitUsage       = 2
	ExitRefused     = 3 // the ledger or the node refused: trying again does not help
	ExitUnavailable = 4 // no answer: the same command can be run again
	ExitUnproven    = 5 // verify, audit: something claimed is not proved
)

// ExitCode returns the exit code for the error of a command.
func ExitCode(err error) int {
	var bad *client.BadProfileError
	switch {
	case err == nil:
		return ExitOK
	case errors.As(err, &bad):
		return ExitFailed
	case errors.Is(err, ErrUnproven):
		return ExitUnproven
	case errors.Is(err, ledger.Unavailable), errors.Is(err, ErrUnread):
		return ExitUnavailable
	case ledger.AsError(err) != nil:
		return ExitRefused
	}
	return ExitFailed
}

// Title returns a short title for the error of a command; it is empty if the refusal's
// reason has a title.
func Title(err error) ledger.Words {
	switch ExitCode(err) {
	case ExitUnproven:
		return ledger.Words{ZH: "未能核验", EN: "Not proven"}
	case ExitFailed:
		return ledger.Words{ZH: "未能完成", EN: "The command failed"}
	}
	return ledger.Words{}
}
