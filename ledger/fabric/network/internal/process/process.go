// Package process starts daemons, records their identity in files, and ends exactly
// those processes, never another one that got the same pid later. A process is
// identified by its pid, the clock tick at which the kernel started it, and the
// boot of the machine. The package reads /proc and works on Linux only.
package process

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Spec describes a process to start.
type Spec struct {
	Program string   // path
	Args    []string // without the program's name
	Env     []string // the complete environment
	Dir     string
	Log     string // file to which the output is appended
	Record  string // file for the identity of the process
}

// Process is a started process.
type Process struct {
	PID     int    `json:"pid"`
	Started uint64 `json:"started"` // clock ticks after the machine's boot
	Boot    string `json:"boot"`    // the kernel's random id of that boot
}

// ErrRunning is returned by Start if the process in the record is running.
var ErrRunning = errors.New("is running already")

// Start starts a daemon in a new session, so that it outlives the caller and its
// terminal. If Start fails, nothing runs.
func Start(s Spec) (Process, error) {
	if _, running, err := Find(s.Record); err != nil {
		return Process{}, err
	} else if running {
		return Process{}, ErrRunning
	}
	log, err := os.OpenFile(s.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return Process{}, fmt.Errorf("open the log: %w", err)
	}
	defer log.Close()
	cmd := exec.Command(s.Program, s.Args...) //nolint:noctx,gosec // a daemon outlives every context; the caller chooses the program
	cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr = s.Env, s.Dir, log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return Process{}, fmt.Errorf("start: %w", err)
	}
	p, err := identify(cmd.Process.Pid)
	if err == nil {
		err = p.record(s.Record)
	}
	if errors.Is(err, errGone) {
		return Process{}, fmt.Errorf("the process ended at once: %w", cmd.Wait())
	}
	if err != nil {
		return Process{}, errors.Join(err, cmd.Process.Kill(), cmd.Wait())
	}
	go cmd.Wait() //nolint:errcheck // reap the child, or it would stay a zombie while the caller runs
	return p, nil
}

// Find reads a record and reports whether its process still runs. A missing record
// means that it does not run.
func Find(record string) (p Process, running bool, err error) {
	data, err := os.ReadFile(record)
	if errors.Is(err, fs.ErrNotExist) {
		return p, false, nil
	}
	if err != nil {
		return p, false, fmt.Errorf("read the record of the process: %w", err)
	}
	if err := json.Unmarshal(data, &p); err != nil || p.PID <= 1 {
		return p, false, fmt.Errorf("%s is not the record of a process: delete it when the processes of this network have ended", record)
	}
	return p, p.Alive(), nil
}

// Alive reports whether exactly this process still runs.
func (p Process) Alive() bool {
	now, err := identify(p.PID)
	return err == nil && now == p
}

// Kill ends the process of a record at once (SIGKILL), waits until it is gone,
// and deletes the record. It reports whether the process ran.
func Kill(ctx context.Context, record string) (ran bool, err error) {
	p, running, err := Find(record)
	if err != nil {
		return false, err
	}
	if running {
		if err := p.kill(ctx); err != nil {
			return true, fmt.Errorf("end process %d: %w", p.PID, err)
		}
	}
	if err := os.Remove(record); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return running, fmt.Errorf("delete the record of the process: %w", err)
	}
	return running, nil
}

func (p Process) kill(ctx context.Context) error {
	// The handle is a pidfd, which refers to the process that has the pid now. So
	// the identity is checked after the handle is opened.
	handle, err := os.FindProcess(p.PID)
	if err != nil {
		return err
	}
	defer func() { _ = handle.Release() }()
	if !p.Alive() {
		return nil
	}
	if err := handle.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	// os waits only for children; this may be the child of another process.
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for p.Alive() {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-poll.C:
		}
	}
	return nil
}

func (p Process) record(path string) error {
	data, err := json.Marshal(p)
	if err != nil {
		return err
	}
	// The record is written to a temporary file and renamed, since a partial record
	// would hide a running process. It need not survive a crash of the machine.
	temp := filepath.Join(filepath.Dir(path), "."+filepath.Base(path))
	if err := os.WriteFile(temp, data, 0o600); err != nil {
		return fmt.Errorf("write the record of the process: %w", err)
	}
	return os.Rename(temp, path)
}

// errGone says that no process has the pid, or only a zombie has it.
var errGone = errors.New("no such process")

// identify returns the identity of the process that has a pid now.
func identify(pid int) (Process, error) {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return Process{}, fmt.Errorf("which boot this is (Linux only): %w", err)
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return Process{}, errGone
	}
	// See proc_pid_stat(5). The name, in brackets, may contain any character. Field
	// 3 is the state, field 20 the number of threads, and field 22 the start.
	_, rest, _ := strings.Cut(string(stat[bytes.LastIndexByte(stat, ')')+1:]), " ")
	fields := strings.Fields(rest)
	if len(fields) < 20 {
		return Process{}, errGone
	}
	// A killed process is a zombie after its first thread has ended, but its ports
	// and files are only free after its last thread has ended.
	if ended := fields[0] == "Z" || fields[0] == "X"; ended && (fields[17] == "0" || fields[17] == "1") {
		return Process{}, errGone
	}
	started, err := strconv.ParseUint(fields[19], 10, 64)
	if err != nil {
		return Process{}, fmt.Errorf("start of process %d: %w", pid, err)
	}
	return Process{PID: pid, Started: started, Boot: strings.TrimSpace(string(boot))}, nil
}
