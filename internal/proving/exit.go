package proving

import (
	"errors"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/ledger"
)

// Exit codes of both programs, as their help says them.
const (
	ExitOK          = 0
	ExitFailed      = 1
	ExitUsage       = 2
	ExitRefused     = 3 // the ledger or the node refused: asking again changes nothing
	ExitUnavailable = 4 // no answer: the same command may be run again
	ExitUnproven    = 5 // verify, audit: something that is claimed does not hold
)

// ExitCode returns the exit code for what a command came to.
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

// Title is what a command came to in few words; none where the reason of the refusal
// has its own.
func Title(err error) ledger.Words {
	switch ExitCode(err) {
	case ExitUnproven:
		return ledger.Words{ZH: "未能核验", EN: "Not proven"}
	case ExitFailed:
		return ledger.Words{ZH: "未能完成", EN: "The command failed"}
	}
	return ledger.Words{}
}
