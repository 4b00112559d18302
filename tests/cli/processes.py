"""Runs commands as processes that begin with the program loaded already: most of what a short one costs is loading it."""

from __future__ import annotations

import io
import multiprocessing
import os
import sys
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from storage import keys

_PRELOADED = ["ui.__main__", "ui.cli.main", "ui.cli.command", "app.records", "storage.archive", "sync.engine"]


CHEAP = keys.Cost(memory=128, passes=1, lanes=1)
"""Passwords that take no time: how long they take is the business of the tests of the archive."""

PROGRAM = """
import sys
from storage import keys
from ui.__main__ import main
keys.COST = keys.Cost(memory=128, passes=1, lanes=1)
sys.exit(main())
"""
"""The program as a process to talk with, with such passwords."""


class Done(NamedTuple):
    """What a process left: its exit code, and what it wrote."""

    returncode: int
    stdout: str
    stderr: str


def run_process(arguments: Sequence[str], cwd: Path, environment: Mapping[str, str]) -> Done:
    """Run `xinyi` with these arguments, with nothing on its standard input, and wait for it."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    with tempfile.TemporaryDirectory() as name:
        out, err = Path(name) / "out", Path(name) / "err"
        process = context.Process(target=_begin, args=(list(arguments), str(cwd), dict(environment), out, err))
        process.start()
        process.join()
        assert process.exitcode is not None
        return Done(process.exitcode, out.read_text("utf-8"), err.read_text("utf-8"))


def _begin(arguments: list[str], cwd: str, environment: dict[str, str], out: Path, err: Path) -> None:
    """What the new process does: it becomes as the system would have started it."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(cwd)
    warnings.simplefilter("error")
    for number, path, mode in ((0, Path(os.devnull), "r"), (1, out, "w"), (2, err, "w")):
        with path.open(mode) as file:
            os.dup2(file.fileno(), number)
    sys.stdin = io.TextIOWrapper(io.FileIO(0), "utf-8")
    sys.stdout = io.TextIOWrapper(io.FileIO(1, "w"), "utf-8", write_through=True)
    sys.stderr = io.TextIOWrapper(io.FileIO(2, "w"), "utf-8", write_through=True)
    keys.COST = CHEAP
    from ui.__main__ import main  # in the new process

    sys.exit(main(arguments))
