"""Where the program is put together: `xinyi` opens the window, `xinyi COMMAND` runs one command."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib import import_module

from ui.faults import keep_memory_private


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; returns its exit code (docs/cli.md)."""
    keep_memory_private()
    given = list(sys.argv[1:] if arguments is None else arguments)
    # The window is loaded only when it is wanted: the command line must start fast, and where there is no Qt.
    run: Callable[..., int] = import_module("ui.cli.main" if given else "ui.desktop.start").main
    return run(given)


if __name__ == "__main__":
    sys.exit(main())
