"""Delimited text in the encodings and with the habits of the programs that write it."""

import codecs
from pathlib import Path

import pytest

from app.errors import Problem
from app.spreadsheets import Cell, read_sheets

LIST = "姓名,性别\r\n张三,男\r\n"
ROWS: list[list[Cell]] = [["姓名", "性别"], ["张三", "男"]]


def read(path: Path, data: bytes) -> list[list[Cell]]:
    path.write_bytes(data)
    (sheet,) = read_sheets(path)
    assert sheet.first_line == 1
    return sheet.rows


def refused(path: Path, data: bytes) -> tuple[str, dict[str, object]]:
    path.write_bytes(data)
    with pytest.raises(Problem) as caught:
        read_sheets(path)
    return caught.value.key, caught.value.values


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "七年级1班.csv"


@pytest.mark.parametrize(
    "data",
    [
        LIST.encode(),
        codecs.BOM_UTF8 + LIST.encode(),
        LIST.encode("gb18030"),
        codecs.BOM_UTF16_LE + LIST.replace(",", "\t").encode("utf-16-le"),
        codecs.BOM_UTF16_BE + LIST.encode("utf-16-be"),
        LIST.encode("gb18030") + b"\x1a",
    ],
    ids=["utf-8", "utf-8 with mark", "gb18030", "unicode text", "utf-16 big-endian", "old end of file"],
)
def test_the_encodings_of_spreadsheet_programs_are_read(path: Path, data: bytes) -> None:
    assert read(path, data) == ROWS


def test_characters_of_four_bytes_in_gb18030_survive(path: Path) -> None:
    assert read(path, "姓名,性别\n\U0002cc56㛃,女\n".encode("gb18030"))[1][0] == "\U0002cc56㛃"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends_are_recognised(path: Path, delimiter: str, ending: str) -> None:
    assert read(path, LIST.replace(",", delimiter).replace("\r\n", ending).encode()) == ROWS


def test_tabs_that_keep_digits_as_text_are_no_delimiter(path: Path) -> None:
    rows = read(path, "姓名,学号,电话\n张三,\t0012,\t13800000000\n李四,\t0013,\t13800000001\n".encode())
    assert rows[1] == ["张三", "\t0012", "\t13800000000"]


def test_commas_in_addresses_do_not_cut_a_list_with_tabs(path: Path) -> None:
    rows = read(path, "姓名\t地址\t电话\n张三\t一村,二组\t1\n李四\t三村,四组,五号\t2\n".encode())
    assert rows[2] == ["李四", "三村,四组,五号", "2"]


def test_of_two_delimiters_in_every_line_the_one_that_cuts_more_fields_counts(path: Path) -> None:
    rows = read(path, "姓名;村,组;电话\n张三;一村,二组;1\n李四;三村,四组;2\n".encode())
    assert rows[1] == ["张三", "一村,二组", "1"]


def test_the_hint_of_a_delimiter_is_no_line(path: Path) -> None:
    assert read(path, "sep=;\r\n姓名;性别\r\n张三,丰;男\r\n".encode())[1] == ["张三,丰", "男"]


def test_a_line_break_inside_quotation_marks_is_one_line_as_in_a_spreadsheet_program(path: Path) -> None:
    rows = read(path, '姓名,住址\n张三,"一村\n二组"\n李四,三村\n'.encode())
    assert rows[1:] == [["张三", "一村\n二组"], ["李四", "三村"]]


def test_a_quotation_mark_that_is_never_closed_is_named_with_its_line(path: Path) -> None:
    key, values = refused(path, '姓名,住址\n张三,一村\n李四,"二村\n王五,三村\n'.encode())
    assert (key, values) == ("spreadsheet.open_quote", {"line": 3})


def test_text_with_damaged_bytes_is_refused_with_the_line(path: Path) -> None:
    data = "姓名,性别\n张三,男\n李四".encode("gb18030") + b"\xff\xff" + ",女\n王五,男\n".encode("gb18030")
    assert refused(path, data) == ("spreadsheet.unreadable_text", {"line": 3})


@pytest.mark.parametrize("data", [b"a,b\n1,\x00\n", b"a,b\n1,\x07\n", bytes(range(128, 256)) * 3])
def test_bytes_that_are_no_text_are_no_spreadsheet(path: Path, data: bytes) -> None:
    assert refused(path, data)[0] == "spreadsheet.not_a_spreadsheet"


def test_the_sheet_of_a_text_file_has_the_name_of_the_file(path: Path) -> None:
    path.write_text(LIST, "utf-8")
    assert read_sheets(path)[0].name == "七年级1班"
