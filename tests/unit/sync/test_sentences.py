"""What the code tells a person fills every gap of the sentence."""

import ast
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.texts import LANGUAGES, Texts

ROOT = Path(__file__).resolve().parents[3]
RAISED = {"Problem", "EnvironmentProblem"}


def problems() -> Iterator[tuple[str, set[str]]]:
    """The keys that `sync` and `storage` name in raising a problem, with the names of the values beside them."""
    for package in ("sync", "storage"):
        for source in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(source.read_text("utf-8"))):
                named = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in RAISED
                if named and isinstance(node, ast.Call) and isinstance(node.args[0], ast.Constant):
                    yield str(node.args[0].value), {str(keyword.arg) for keyword in node.keywords}


def test_the_search_finds_problems() -> None:
    keys = {key for key, _ in problems()}
    assert {"archive.not_there", "sync.bad_address", "county.no_root_key", "enrol.joined_already"} <= keys


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_gap_of_a_sentence_is_filled(language: str) -> None:
    entries = Texts.load(language)._entries
    missing = {
        (key, gap)
        for key, values in problems()
        for _, gap, _, _ in string.Formatter().parse(str(entries[key]))
        if gap is not None and gap not in values
    }
    assert missing == set()
