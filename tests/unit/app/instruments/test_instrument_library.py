"""Bundled definitions are found by file name and read when they are needed."""

from pathlib import Path

import msgspec
import pytest

from app import resources
from app.errors import Problem
from app.instruments.definition import content_hash, parse_definition
from app.instruments.library import Library
from tests.unit.app.instruments.example import raw

FOLDER = resources.path("instruments")


def copy_to(folder: Path, source: str, target: str) -> None:
    (folder / target).write_bytes((FOLDER / source).read_bytes())


def test_the_bundled_instruments_are_listed_without_their_companions() -> None:
    files = {file.name.removesuffix(".json") for file in FOLDER.glob("*.json")}
    assert {"gad-7.vectors", "definition.schema", "phq-9"} <= files
    assert set(Library.load().ids()) == {name for name in files if "." not in name}


def test_an_instrument_is_what_its_file_says() -> None:
    library = Library.load()
    raw = (FOLDER / "gad-7.json").read_bytes()
    assert library.get("gad-7") == parse_definition(raw)
    assert library.content_hash("gad-7") == content_hash(raw)
    assert library.scorer("gad-7").score({}).missing == ("1", "2", "3", "4", "5", "6", "7")


def test_an_instrument_is_read_once() -> None:
    library = Library.load()
    assert library.get("phq-9") is library.get("phq-9")
    assert library.scorer("phq-9") is library.scorer("phq-9")


def test_an_unknown_instrument_is_named_to_the_person() -> None:
    with pytest.raises(Problem) as caught:
        Library.load().get("phq-10")
    assert (caught.value.key, caught.value.values) == ("instrument.unknown", {"id": "phq-10"})


def test_a_broken_file_does_not_hide_the_sound_ones(tmp_path: Path) -> None:
    copy_to(tmp_path, "phq-9.json", "phq-9.json")
    (tmp_path / "who-5.json").write_bytes(b"{")
    library = Library.load(tmp_path)
    assert library.get("phq-9").id == "phq-9"
    with pytest.raises(Problem) as caught:
        library.get("who-5")
    assert caught.value.key == "instrument.not_json"


def test_a_file_under_a_wrong_name_is_not_used(tmp_path: Path) -> None:
    copy_to(tmp_path, "phq-9.json", "gad-7.json")
    with pytest.raises(Problem) as caught:
        Library.load(tmp_path).get("gad-7")
    assert (caught.value.key, caught.value.values) == (
        "instrument.wrong_file_name",
        {"file": "gad-7.json", "id": "phq-9"},
    )


def test_a_folder_without_instruments_has_none(tmp_path: Path) -> None:
    assert Library.load(tmp_path).ids() == ()
    assert Library.load(tmp_path / "missing").ids() == ()


def test_a_head_says_what_the_definition_says() -> None:
    library = Library.load()
    heads = library.heads()
    assert [head.id for head in heads] == list(library.ids())
    for head in heads:
        definition = library.get(head.id)
        for field in msgspec.structs.fields(head):
            assert getattr(head, field.name) == getattr(definition, field.name)


def test_the_head_of_a_newer_definition_from_elsewhere_is_shown(tmp_path: Path) -> None:
    library = Library({})
    library.keep("example", "1.0.0", raw())
    library.keep("example", "1.10.0", raw(version="1.10.0"))
    assert [(head.id, head.version) for head in library.heads()] == [("example", "1.10.0")]
