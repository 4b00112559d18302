"""The container of old workbooks: streams come out whole, and tables that contradict each other are noticed."""

import struct

import pytest

from app.spreadsheets.compound import SIGNATURE, CompoundFile, Damaged, write_workbook

END = 0xFFFFFFFE
FREE = 0xFFFFFFFF


def entry(name: str, kind: int, start: int, length: int) -> bytes:
    text = name.encode("utf-16-le")
    head = struct.pack("<64sHBBIII", text, len(text) + 2, kind, 1, FREE, FREE, FREE)
    return head + bytes(36) + struct.pack("<IQ", start, length)


def container(
    sectors: list[bytes], table: list[int], *, directory: int = 0, mini_table: int = END, difat: int = END
) -> bytes:
    """A file of sectors of 512 bytes, the last of which is the sector table."""
    header = (
        SIGNATURE
        + bytes(16)
        + struct.pack("<5H6x9I", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, directory, 0, 4096, mini_table, 1, difat, 0)
    )
    header += struct.pack("<109I", len(sectors), *[FREE] * 108)
    whole = struct.pack("<128I", *table, *[FREE] * (128 - len(table)))
    return header + b"".join(sector.ljust(512, b"\0") for sector in sectors) + whole


def small(*, length: int = 100, mini_chain: tuple[int, int] = (1, END)) -> bytes:
    """A stream of 100 bytes in two pieces of the mini stream."""
    directory = entry("Root Entry", 5, 2, 128) + entry("Book", 2, 0, length)
    content = bytes(range(100))
    return container(
        [directory, struct.pack("<2I", *mini_chain) + b"\xff" * 504, content],
        [END, END, END],
        mini_table=1,
    )


def test_a_short_stream_comes_out_of_the_mini_stream() -> None:
    assert CompoundFile(small()).read("Book") == bytes(range(100))


def test_capitals_do_not_matter_in_names() -> None:
    file = CompoundFile(small())
    assert "BOOK" in file
    assert file.read("book") == bytes(range(100))
    assert "Workbook" not in file


def test_a_stream_shorter_than_it_says_is_damage() -> None:
    with pytest.raises(Damaged):
        CompoundFile(small(length=200)).read("Book")


def test_a_chain_without_an_end_is_damage() -> None:
    with pytest.raises(Damaged):
        CompoundFile(small(mini_chain=(1, 0))).read("Book")
    directory = entry("Root Entry", 5, END, 0)
    with pytest.raises(Damaged):
        CompoundFile(container([directory], [0]))


def test_a_chain_that_leaves_the_file_is_damage() -> None:
    with pytest.raises(Damaged):
        CompoundFile(container([entry("Root Entry", 5, 77, 128)], [END]))


def test_a_table_of_tables_without_an_end_is_damage() -> None:
    looping = struct.pack("<128I", *[FREE] * 127, 1)
    with pytest.raises(Damaged):
        CompoundFile(container([entry("Root Entry", 5, END, 0), looping], [END, END], difat=1))


@pytest.mark.parametrize("data", [b"", SIGNATURE, SIGNATURE + bytes(504), b"x" * 600])
def test_what_has_no_header_is_damage(data: bytes) -> None:
    with pytest.raises(Damaged):
        CompoundFile(data)


def test_a_clean_container_holds_streams_that_need_several_tables() -> None:
    stream = bytes(range(256)) * 40_000
    assert CompoundFile(write_workbook(stream)).read("Workbook") == stream
