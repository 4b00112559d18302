"""Processes that begin with the program loaded already: most of what a short one costs is loading it.

They are forked off a server of Python's (`multiprocessing`, "forkserver") that has loaded the program and done nothing
else. What `python -m ui` does from nothing is tried by tests that start it that way: tests/leak, tests/kill, the county
with several workers, the demonstration's server.
"""

from __future__ import annotations

import io
import json
import multiprocessing
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self, TextIO

from storage import keys
from ui.cli.main import COMMANDS

ROOT = Path(__file__).resolve().parents[1]

_LOADED_LATE = [
    "app.disclosure.choose",
    "app.exchange.fhir_answers",
    "app.exchange.fhir_in",
    "app.exchange.fhir_out",
    "app.exchange.responses_out",
    "app.exchange.xlsform_in",
    "app.reports.empty_form",
    "app.reports.escrow_page",
    "app.reports.own_data",
    "app.reports.recovery_page",
    "app.spreadsheets.writing",
    "pyxform.builder",
    "sqlalchemy.dialects.sqlite",
    "sync.transports.http",
]
"""What commands load when they come to need it."""

_PRELOADED = ["ui.__main__", *COMMANDS.values(), *_LOADED_LATE]

CHEAP = keys.Cost(memory=128, passes=1, lanes=1)
"""Passwords that take no time: how long they take is the business of the tests of the archive."""

Act = Callable[[Sequence[str]], int]


class Process:
    """A new process that does one thing; it is talked with as with one of `subprocess`, and gone when the block ends.

    Args:
        act: what it does, a function of a module; what it returns is the exit code.
        arguments: for `act`.
        environment: its environment; that of the tests if left out.
        errors: a file for what it writes to standard error, which is a pipe otherwise.
    """

    def __init__(
        self,
        act: Act,
        arguments: Sequence[str],
        environment: Mapping[str, str] | None = None,
        *,
        errors: Path | None = None,
    ) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(_PRELOADED)
        read_in, write_in = context.Pipe(duplex=False)
        read_out, write_out = context.Pipe(duplex=False)
        read_errors, write_errors = context.Pipe(duplex=False)
        theirs = (read_in, write_out, write_errors)
        surroundings = dict(os.environ if environment is None else environment)
        self._process = context.Process(target=_begin, args=(act, list(arguments), surroundings, theirs, errors))
        self._process.daemon = True  # whatever becomes of the tests, it does not outlive them
        self._process.start()
        for one in theirs:
            one.close()
        assert self._process.pid is not None
        self.pid = self._process.pid
        self.stdin, self.stdout, self.stderr = _file(write_in, "w"), _file(read_out, "r"), _file(read_errors, "r")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.kill()
        self.wait()
        for one in (self.stdin, self.stdout, self.stderr):
            one.close()

    def terminate(self) -> None:
        """Ask it to stop, as systemd does."""
        self._process.terminate()

    def kill(self) -> None:
        """End it; one that has ended stays as it is."""
        self._process.kill()

    def wait(self, seconds: float | None = None) -> int:
        """Wait for its end; returns the exit code, or less than 0 for the signal that ended it."""
        self._process.join(seconds)
        assert self._process.exitcode is not None, "it goes on"
        return self._process.exitcode

    def communicate(self, typed: str = "", seconds: float | None = None) -> tuple[str, str]:
        """Type something, and wait for the end; returns what was left to read of both outputs, which are short."""
        with suppress(BrokenPipeError):  # it may have ended without listening
            self.stdin.write(typed)
            self.stdin.close()
        self.wait(seconds)
        return self.stdout.read(), self.stderr.read()


def _file(connection: Connection, mode: str) -> TextIO:
    """A pipe as a text file of its own."""
    with connection:
        file = os.fdopen(os.dup(connection.fileno()), mode, encoding="utf-8")
    assert isinstance(file, io.TextIOWrapper)
    return file


def _begin(
    act: Act,
    arguments: list[str],
    environment: dict[str, str],
    pipes: tuple[Connection, Connection, Connection],
    errors: Path | None,
) -> None:
    """What the new process does: it becomes as the system would have started it."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(ROOT)
    sys.path[1:1] = filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))
    warnings.simplefilter("error")
    for number, pipe in enumerate(pipes):
        with pipe:
            os.dup2(pipe.fileno(), number)
    if errors is not None:
        with errors.open("w") as file:
            os.dup2(file.fileno(), 2)
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = io.TextIOWrapper(io.FileIO(1, "w"), "utf-8", write_through=True)
    sys.stderr = io.TextIOWrapper(io.FileIO(2, "w"), "utf-8", write_through=True)
    sys.exit(act(arguments))


# ---- xinyi ----


def xinyi(arguments: Sequence[str]) -> int:
    """The program, with cheap passwords."""
    from ui.__main__ import main  # in the new process

    keys.COST = CHEAP
    return main(arguments)


class Done(NamedTuple):
    """What a process left: its exit code, and what it wrote."""

    returncode: int
    stdout: str
    stderr: str


def run_process(arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> Done:
    """Run `xinyi` with these arguments, with nothing on its standard input, and wait for it."""
    with Process(xinyi, arguments, environment) as process:
        process.stdin.close()
        # Read first: it cannot end before its output has been taken, if that is long.
        out, errors = process.stdout.read(), process.stderr.read()
        return Done(process.wait(), out, errors)


class Served:
    """A county that `xinyi county serve` serves; `url` is where."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.url = str(json.loads(process.stdout.readline())["url"])


@contextmanager
def serve_county(folder: Path, port: int = 0) -> Iterator[Served]:
    """Serve the county in `folder`; in the end the server is told to stop, and says that it has."""
    with Process(xinyi, ["county", "serve", str(folder), "--port", str(port), "--json"]) as process:
        yield Served(process)
        process.terminate()
        assert process.wait(30) == 0, process.stderr.read()
        assert json.loads(process.stdout.read()) == {"stopped": True}
