"""A damaged workbook is read or refused; it never ends the program, and never fills the memory."""

import io
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import xlsxwriter
import xlwt
from hypothesis import given
from hypothesis import strategies as st

from app.errors import Problem
from app.spreadsheets import cell_text, read_sheets
from app.spreadsheets.compound import CompoundFile, write_workbook
from tests.effort import examples


@cache
def old_workbook() -> bytes:
    workbook = xlwt.Workbook()
    sheet = workbook.add_sheet("名册")
    sheet.write_merge(0, 0, 0, 3, "花名册")
    for row in range(1, 30):
        sheet.write(row, 0, row)
        sheet.write(row, 1, f"学生{row}")
        sheet.write(row, 2, xlwt.Formula("1+1"))
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


@cache
def new_workbook() -> bytes:
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream) as workbook:
        sheet = workbook.add_worksheet("名册")
        for row in range(30):
            sheet.write_row(row, 0, [row, f"学生{row}"])
    return stream.getvalue()


def read(data: bytes) -> str:
    """The texts of all cells, or why there are none."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "list.xls")
        path.write_bytes(data)
        try:
            return "".join(cell_text(cell) for sheet in read_sheets(path) for row in sheet.rows for cell in row)
        except Problem as problem:
            return problem.key


@examples(200)
@given(st.data())
def test_changed_bytes_are_read_or_refused(data: st.DataObject) -> None:
    content = bytearray(data.draw(st.sampled_from([old_workbook(), new_workbook()])))
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    assert isinstance(read(bytes(content)), str)


@examples(100)
@given(st.data())
def test_what_breaks_off_is_refused(data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from([old_workbook(), new_workbook()]))
    cut = data.draw(st.integers(8, len(whole) * 3 // 4))
    assert read(whole[:cut]).startswith("spreadsheet.")


@examples(50)
@given(st.binary(max_size=2000))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    assert isinstance(read(content), str)


@given(st.one_of(st.binary(max_size=9000), st.integers(4095, 5_000_000).map(bytes)))
def test_a_clean_container_gives_back_what_was_put_into_it(stream: bytes) -> None:
    given_back = CompoundFile(write_workbook(stream)).read("workbook")
    assert given_back == stream.ljust(4096, b"\0")
