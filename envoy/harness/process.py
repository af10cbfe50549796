"""Starts programs so that none outlives us: own process group, log file, hard time limit, clean stop."""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

_running: set["Process"] = set()
_cleanup_installed = False

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform.startswith("linux") else None


class ProcessError(Exception):
    """A program could not start, ended early, or took too long; the text says which, with its output's tail."""


def _die_with_parent() -> None:
    """Asks Linux to end the child when we die in a way that no handler sees, SIGKILL."""
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _leave(number: int, _frame: object) -> None:
    """Turns a signal into an ordinary exit, so that `finally` and `atexit` run."""
    raise SystemExit(128 + number)


def _install_cleanup() -> None:
    global _cleanup_installed
    if _cleanup_installed:
        return
    _cleanup_installed = True
    atexit.register(stop_all)
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) == signal.SIG_DFL:
                signal.signal(number, _leave)


def stop_all() -> None:
    """Stops every program that was started here and still runs."""
    for process in list(_running):
        process.stop()


class Process:
    """One program in the background, in a process group of its own."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str | Path],
        *,
        log: Path,
        limit: float = 600,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        pipes: bool = False,
    ) -> None:
        """Starts `argv`; its output goes to `log`. After `limit` seconds it is killed.

        With `pipes` its standard input and output are ours (`stdin`, `stdout`) and only its errors go to `log`.
        """
        _install_cleanup()
        self.name = name
        self.log_path = log
        self.limit = limit
        self.timed_out = False
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            try:
                self._child = subprocess.Popen(
                    [str(part) for part in argv],
                    stdin=subprocess.PIPE if pipes else subprocess.DEVNULL,
                    stdout=subprocess.PIPE if pipes else output,
                    stderr=output,
                    env={**os.environ, **(env or {})},
                    cwd=cwd,
                    start_new_session=True,
                    preexec_fn=_die_with_parent,
                )
            except OSError as error:
                raise ProcessError(f"cannot start {name} (`{argv[0]}`): {error}") from error
        _running.add(self)
        self._alarm = threading.Timer(limit, self._overran)
        self._alarm.daemon = True
        self._alarm.start()

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def stdin(self) -> IO[bytes]:
        assert self._child.stdin is not None
        return self._child.stdin

    @property
    def stdout(self) -> IO[bytes]:
        assert self._child.stdout is not None
        return self._child.stdout

    def _overran(self) -> None:
        self.timed_out = True
        self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._child.pid, number)

    def exit_code(self) -> int | None:
        """The exit code, or None while it runs."""
        return self._child.poll()

    def log(self) -> str:
        """What the program has printed so far."""
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def tail(self, lines: int = 20) -> str:
        return "\n".join(self.log().splitlines()[-lines:])

    def failure(self, what: str) -> ProcessError:
        """An error that says what went wrong and shows the end of the log."""
        return ProcessError(f"{self.name}: {what}; the end of its output:\n{self.tail()}")

    def check(self) -> None:
        """Raises when the program has ended."""
        code = self.exit_code()
        if code is not None:
            raise self.failure(f"ran longer than {self.limit} s" if self.timed_out else f"ended with exit code {code}")

    def wait_for(self, pattern: str, timeout: float = 30) -> re.Match[str]:
        """Waits until the output matches `pattern`."""
        deadline = time.monotonic() + timeout
        while True:
            ended = self.exit_code() is not None
            found = re.search(pattern, self.log())
            if found:
                return found
            if ended:
                self.check()
            if time.monotonic() > deadline:
                raise self.failure(f"printed nothing like `{pattern}` in {timeout} s")
            time.sleep(0.02)

    def stop(self, grace: float = 5) -> None:
        """Ends the program and whatever it started. Does nothing when that is done."""
        if self not in _running:
            return
        self._alarm.cancel()
        if self._child.poll() is None:
            self._signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._child.wait(grace)
        # Also when the leader has ended: its own children may be left in the group.
        self._signal(signal.SIGKILL)
        self._child.wait()
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        _running.discard(self)

    def __enter__(self) -> "Process":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def run(
    argv: Sequence[str | Path],
    *,
    limit: float,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    log: Path | None = None,
    fine: Sequence[int] = (0,),
) -> str:
    """Runs a command to its end and returns its output, which also goes to `log`.

    Raises `ProcessError` when its exit code is none of `fine`, or it takes longer than `limit` seconds.
    """
    name = " ".join(Path(str(part)).name if index == 0 else str(part) for index, part in enumerate(argv))
    path = log or Path(os.devnull)
    try:
        child = subprocess.Popen(
            [str(part) for part in argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})},
            cwd=cwd,
            start_new_session=True,
            preexec_fn=_die_with_parent,
        )
    except OSError as error:
        raise ProcessError(f"cannot run `{argv[0]}`: {error}") from error
    try:
        raw, _ = child.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        raise ProcessError(f"`{name}` took longer than {limit} s") from None
    finally:
        if child.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
    output = raw.decode(errors="replace")
    if log is not None:
        path.write_text(output)
    if child.returncode not in fine:
        end = "\n".join(output.splitlines()[-40:])
        raise ProcessError(f"`{name}` failed with exit code {child.returncode}:\n{end}")
    return output


def stream(argv: Sequence[str | Path], *, limit: float, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> tuple[int, list[str]]:
    """Runs a command, passing its output on as it comes; returns its exit code and its lines.

    After `limit` seconds it is stopped, and the exit code is 124.
    """
    try:
        child = subprocess.Popen(
            [str(part) for part in argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})},
            cwd=cwd,
            start_new_session=True,
            preexec_fn=_die_with_parent,
        )
    except OSError as error:
        raise ProcessError(f"cannot run `{argv[0]}`: {error}") from error
    overran = threading.Event()

    def end() -> None:
        overran.set()
        # Programs of ours stop what they started when they get this.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGTERM)
        time.sleep(10)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)

    alarm = threading.Timer(limit, end)
    alarm.daemon = True
    alarm.start()
    lines = []
    try:
        assert child.stdout is not None
        for raw in child.stdout:
            line = raw.decode(errors="replace").rstrip("\n")
            lines.append(line)
            print(line, flush=True)
        code = child.wait()
        return (124 if overran.is_set() else code), lines
    finally:
        alarm.cancel()
        if child.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(10)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
