"""xinyi demo: an invented county runs the whole job; then the window opens on it."""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module
from pathlib import Path

import msgspec

from app.texts import Texts
from ui.cli.command import Answer, prepare
from ui.demo.server import ServerProcess
from ui.demo.story import PASSWORD, STATIONS, Step, Story

DEFAULT_FOLDER = Path("xinyi-demo")


def declare(parser: argparse.ArgumentParser, texts: Texts) -> None:
    """Declare the options."""
    prepare(parser, _demo, texts)
    parser.add_argument(
        "--dir", type=Path, default=DEFAULT_FOLDER, metavar="D", help=texts("cli.help_option_demo_folder")
    )
    parser.add_argument("--headless", action="store_true", help=texts("cli.help_option_headless"))
    parser.add_argument("--seed", type=int, default=1, metavar="N", help=texts("cli.help_option_seed"))


def _demo(arguments: argparse.Namespace, texts: Texts) -> Answer:
    def tell(step: Step) -> None:
        if not arguments.as_json:
            print(f"{step.seconds:6.1f} s  {step.what}  {step.result}", flush=True)

    story = Story(arguments.dir.resolve(), arguments.seed, texts, tell)
    story.prepare()
    with ServerProcess(story.make_county()) as server:
        story.run(server)
        data = {"folder": str(story.folder), "steps": msgspec.to_builtins(story.steps), "user": STATIONS[0].user}
        text = texts(
            "demo.done", folder=story.folder, prints=story.folder / "prints", user=STATIONS[0].user, password=PASSWORD
        )
        if not arguments.headless and has_display():
            print(text, flush=True)
            show = import_module("ui.desktop.start").show
            show(story.archive, STATIONS[0].user, PASSWORD, preferences=story.folder / "preferences.json")
    return Answer(data, text)


def has_display() -> bool:
    """Whether a window can be shown here."""
    if os.name == "nt" or sys.platform == "darwin":
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
