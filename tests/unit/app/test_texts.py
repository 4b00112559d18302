"""Every sentence exists in every language, and every language fills the same gaps."""

import re
import string
from pathlib import Path

import pytest

from app.texts import LANGUAGES, Texts

FILE_ENDINGS = (".db", ".json", ".key")
SOURCES = Path(__file__).resolve().parents[3]


def gaps(text: str | dict[str, str]) -> set[str]:
    forms = [text] if isinstance(text, str) else list(text.values())
    return {name for form in forms for _, name, _, _ in string.Formatter().parse(form) if name is not None}


def test_every_key_exists_in_every_language_with_the_same_gaps() -> None:
    catalogues = [Texts.load(language)._entries for language in LANGUAGES]
    first = {key: gaps(text) for key, text in catalogues[0].items()}
    for other in catalogues[1:]:
        assert {key: gaps(text) for key, text in other.items()} == first


def test_every_key_named_in_code_exists() -> None:
    texts = Texts.load()
    areas = {key.partition(".")[0] for key in texts._entries}
    pattern = re.compile(r'"((?:{})\.[a-z][a-z0-9_]*)"'.format("|".join(sorted(areas))))
    missing = {
        (key, source.relative_to(SOURCES).as_posix())
        for package in ("app", "storage", "sync", "ui")
        for source in (SOURCES / package).rglob("*.py")
        for key in pattern.findall(source.read_text("utf-8"))
        if key not in texts and not key.endswith(FILE_ENDINGS)
    }
    assert missing == set()


def test_a_number_of_one_can_have_its_own_form() -> None:
    texts = Texts("en", {"area.rows": {"one": "one row", "other": "{count} rows"}})
    assert [texts("area.rows", count=1), texts("area.rows", count=2)] == ["one row", "2 rows"]


def test_an_unknown_key_is_a_bug() -> None:
    with pytest.raises(KeyError):
        Texts.load()("area.unknown")
