"""Workbooks as schools send them are read as a person sees them, and what cannot be read is refused in a sentence."""

import io
import re
import struct
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pytest
import xlsxwriter
import xlwt

from app.errors import Problem
from app.spreadsheets import cell_text, read_sheets


def xlsx(path: Path, fill: Callable[[xlsxwriter.Workbook], None]) -> Path:
    with xlsxwriter.Workbook(path) as workbook:
        fill(workbook)
    return path


def small_xlsx(path: Path) -> Path:
    return xlsx(path, lambda workbook: workbook.add_worksheet("七1班").write_row(0, 0, ["姓名", "张三"]))


def small_xls(path: Path) -> Path:
    workbook = xlwt.Workbook()
    workbook.add_sheet("七1班").write(0, 0, "姓名")
    workbook.save(path)
    return path


def repacked(source: Path, target: Path, change: Callable[[str, bytes], bytes | None]) -> Path:
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = change(name, old.read(name))
            if content is not None:
                new.writestr(name, content)
    return target


def refusal(path: Path, **options: int) -> str:
    with pytest.raises(Problem) as caught:
        read_sheets(path, **options)
    return caught.value.key


def outcome(path: Path) -> object:
    """The first cell, or why there is none."""
    try:
        return read_sheets(path)[0].rows[0][0]
    except Problem as problem:
        return problem.key


# ---- what is read ----


def test_lines_are_numbered_as_a_person_sees_them(tmp_path: Path) -> None:
    def fill(workbook: xlsxwriter.Workbook) -> None:
        sheet = workbook.add_worksheet()
        sheet.write(3, 1, "姓名")
        sheet.write(6, 1, "张三")

    (sheet,) = read_sheets(xlsx(tmp_path / "list.xlsx", fill))
    lines = {sheet.line(index): row for index, row in enumerate(sheet.rows) if row}
    assert lines == {4: ["", "姓名"], 7: ["", "张三"]}


def test_a_class_merged_over_its_students_belongs_to_each_of_them(tmp_path: Path) -> None:
    def fill(workbook: xlsxwriter.Workbook) -> None:
        sheet = workbook.add_worksheet()
        sheet.merge_range("A1:C1", "学生名册")
        sheet.write_row(1, 0, ["姓名", "班级", "电话"])
        sheet.merge_range("B3:B5", "七1班")
        for row, name in enumerate(["张三", "李四", "王五"], 2):
            sheet.write(row, 0, name)

    (sheet,) = read_sheets(xlsx(tmp_path / "list.xlsx", fill))
    assert sheet.rows[0] == ["学生名册"]
    assert [row[:2] for row in sheet.rows[2:]] == [["张三", "七1班"], ["李四", "七1班"], ["王五", "七1班"]]


def test_a_title_merged_over_rows_and_columns_stands_once(tmp_path: Path) -> None:
    def fill(workbook: xlsxwriter.Workbook) -> None:
        sheet = workbook.add_worksheet()
        sheet.merge_range("A1:C2", "学生名册")
        sheet.write_row(2, 0, ["姓名", "班级", "电话"])

    (sheet,) = read_sheets(xlsx(tmp_path / "list.xlsx", fill))
    assert sheet.rows == [["学生名册"], [], ["姓名", "班级", "电话"]]


def test_a_merge_that_reaches_below_the_list_makes_no_rows(tmp_path: Path) -> None:
    def fill(workbook: xlsxwriter.Workbook) -> None:
        sheet = workbook.add_worksheet()
        sheet.write(0, 0, "张三")
        sheet.merge_range("B1:B40", "七1班")

    (sheet,) = read_sheets(xlsx(tmp_path / "list.xlsx", fill))
    assert sheet.rows == [["张三", "七1班"]]


def test_a_blank_merge_beside_the_list_changes_nothing(tmp_path: Path) -> None:
    def fill(workbook: xlsxwriter.Workbook) -> None:
        sheet = workbook.add_worksheet()
        sheet.write_column(0, 0, ["姓名", "张三"])
        sheet.merge_range("F1:F9", "")

    assert read_sheets(xlsx(tmp_path / "list.xlsx", fill))[0].rows == [["姓名"], ["张三"]]


def test_old_workbooks_are_read_with_merges_dates_and_numbers(tmp_path: Path) -> None:
    workbook = xlwt.Workbook()
    sheet = workbook.add_sheet("名册")
    sheet.write_merge(2, 3, 0, 0, "七1班")
    sheet.write(2, 1, date(2012, 3, 4), xlwt.easyxf(num_format_str="YYYY-MM-DD"))
    sheet.write(3, 1, 13800000000)
    sheet.write(3, 2, 7)
    workbook.save(tmp_path / "list.xls")
    (read,) = read_sheets(tmp_path / "list.xls")
    assert (read.first_line, [[cell_text(cell) for cell in row] for row in read.rows]) == (
        3,
        [["七1班", "2012-03-04"], ["七1班", "13800000000", "7"]],
    )


def test_dates_and_numbers_keep_their_kind(tmp_path: Path) -> None:
    def fill(workbook: xlsxwriter.Workbook) -> None:
        sheet = workbook.add_worksheet()
        chinese = workbook.add_format({"num_format": 'yyyy"年"m"月"d"日"'})
        sheet.write_datetime(0, 0, datetime(2012, 3, 4), chinese)  # noqa: DTZ001 a cell knows no time zone
        sheet.write_number(0, 1, 1.5)
        sheet.write_boolean(0, 2, True)

    (sheet,) = read_sheets(xlsx(tmp_path / "list.xlsx", fill))
    assert sheet.rows == [[date(2012, 3, 4), 1.5, True]]


def test_hidden_sheets_are_not_read(tmp_path: Path) -> None:
    def fill(workbook: xlsxwriter.Workbook) -> None:
        workbook.add_worksheet("名册").write(0, 0, "姓名")
        choices = workbook.add_worksheet("字典")
        choices.write(0, 0, "男")
        choices.hide()
        workbook.add_worksheet("Sheet3")

    assert [sheet.name for sheet in read_sheets(xlsx(tmp_path / "list.xlsx", fill))] == ["名册"]


def test_the_content_decides_and_not_the_name(tmp_path: Path) -> None:
    workbook = small_xlsx(tmp_path / "new.xlsx").rename(tmp_path / "looks-old.xls")
    old = small_xls(tmp_path / "old.xls").rename(tmp_path / "looks-new.xlsx")
    text = tmp_path / "text.xls"
    text.write_text("姓名\t性别\n张三\t男\n", "utf-8")
    assert read_sheets(workbook)[0].rows == [["姓名", "张三"]]
    assert read_sheets(old)[0].rows == [["姓名"]]
    assert read_sheets(text)[0].rows == [["姓名", "性别"], ["张三", "男"]]


def test_formats_without_content_do_not_count_as_lines(tmp_path: Path) -> None:
    def fill(workbook: xlsxwriter.Workbook) -> None:
        sheet = workbook.add_worksheet()
        sheet.write(0, 0, "姓名")
        sheet.write_blank(60_000, 3, None, workbook.add_format({"border": 1}))

    assert read_sheets(xlsx(tmp_path / "list.xlsx", fill))[0].rows == [["姓名"]]


def test_parts_written_with_a_namespace_prefix_are_read_and_bounded(tmp_path: Path) -> None:
    def prefixed(name: str, content: bytes) -> bytes:
        if not name.startswith("xl/worksheets/"):
            return content
        tags = (b"worksheet", b"sheetData", b"row", b"c", b"v")
        for tag in tags:
            content = content.replace(b"<" + tag + b" ", b"<x:" + tag + b" ").replace(
                b"<" + tag + b">", b"<x:" + tag + b">"
            )
            content = content.replace(b"</" + tag + b">", b"</x:" + tag + b">")
        return content.replace(b"xmlns=", b"xmlns:x=")

    def fill(workbook: xlsxwriter.Workbook) -> None:
        sheet = workbook.add_worksheet()
        sheet.write(0, 0, "姓名")
        sheet.write(40, 0, "张三")

    path = repacked(xlsx(tmp_path / "plain.xlsx", fill), tmp_path / "list.xlsx", prefixed)
    assert read_sheets(path)[0].rows[-1] == ["张三"]
    assert refusal(path, max_rows=40) == "spreadsheet.too_many_rows"


@pytest.mark.parametrize("moved", [("/", "\\"), ("xl/", "book/")], ids=["separators of Windows", "another folder"])
def test_workbooks_of_programs_with_other_habits_are_read(tmp_path: Path, moved: tuple[str, str]) -> None:
    path = tmp_path / "list.xlsx"
    with zipfile.ZipFile(small_xlsx(tmp_path / "plain.xlsx")) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if moved[0] == "xl/" and name.endswith((".rels", "[Content_Types].xml")):
                content = content.replace(b"xl/", b"book/")
            new.writestr(name.replace(*moved), content)
    assert read_sheets(path)[0].rows == [["姓名", "张三"]]


def test_cells_without_addresses_are_read_and_bounded(tmp_path: Path) -> None:
    def without(name: str, content: bytes) -> bytes:
        return re.sub(rb' r="[A-Z]*[0-9]+"', b"", content) if name.startswith("xl/worksheets/") else content

    plain = xlsx(tmp_path / "plain.xlsx", lambda book: book.add_worksheet().write_column(0, 0, ["张三"] * 40))
    path = repacked(plain, tmp_path / "list.xlsx", without)
    assert len(read_sheets(path, max_rows=40)[0].rows) == 40
    assert refusal(path, max_rows=39) == "spreadsheet.too_many_rows"


# ---- what is refused ----


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none.xlsx") == "spreadsheet.no_such_file"
    assert refusal(tmp_path) == "spreadsheet.unreadable"


@pytest.mark.parametrize(
    "content",
    [
        b"%PDF-1.7\n1 0 obj\n",
        b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
        b"{\\rtf1\\ansi \\u24352?}",
        b"\xff\xd8\xff\xe0" + bytes(range(255, 0, -1)),
        b"name,number\nA\x00B,1\n",
        b"PK\x05\x06" + bytes(18),
        b'<?xml version="1.0"?><note/>',
    ],
    ids=["pdf", "png", "rtf", "jpeg", "nul", "empty zip", "other xml"],
)
def test_what_is_no_spreadsheet_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "list.xlsx"
    path.write_bytes(content)
    assert refusal(path) == "spreadsheet.not_a_spreadsheet"


def test_a_word_document_is_no_spreadsheet(tmp_path: Path) -> None:
    path = tmp_path / "list.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        chart_data = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        archive.writestr(
            "[Content_Types].xml", f'<Types><Default Extension="xlsx" ContentType="{chart_data}"/></Types>'
        )
        archive.writestr("word/document.xml", "<document/>")
    assert refusal(path) == "spreadsheet.not_a_spreadsheet"
    old = tmp_path / "list.xls"
    old.write_bytes(renamed_stream(small_xls(tmp_path / "real.xls").read_bytes(), "WordDocument"))
    assert refusal(old) == "spreadsheet.not_a_spreadsheet"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ("\ufeff<html><body><table><tr><td>姓名</td></tr></table></body></html>", "HTML"),
        ("<table border=1><tr><td>姓名</td></tr></table>", "HTML"),
        ('<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>', "XML"),
        ("MIME-Version: 1.0\nContent-Type: multipart/related\n", "MHT"),
    ],
)
def test_a_web_page_saved_as_xls_is_to_be_saved_again(tmp_path: Path, content: str, kind: str) -> None:
    path = tmp_path / "list.xls"
    path.write_text(content, "utf-8")
    with pytest.raises(Problem) as caught:
        read_sheets(path)
    assert (caught.value.key, caught.value.values) == ("spreadsheet.save_again", {"format": kind})


def test_other_workbook_formats_are_to_be_saved_again(tmp_path: Path) -> None:
    for name, member, content in (
        ("a.ods", "mimetype", b"application/vnd.oasis.opendocument.spreadsheet"),
        ("b.xlsb", "xl/workbook.bin", b""),
    ):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr(member, content)
        assert refusal(tmp_path / name) == "spreadsheet.save_again"


def test_files_without_content_are_empty(tmp_path: Path) -> None:
    (tmp_path / "zero.csv").write_bytes(b"")
    (tmp_path / "blank.csv").write_text(" , ,\n\n,,\n", "utf-8")

    def fill(workbook: xlsxwriter.Workbook) -> None:
        workbook.add_worksheet()
        hidden = workbook.add_worksheet()
        hidden.write(0, 0, "字典")
        hidden.hide()

    for path in (tmp_path / "zero.csv", tmp_path / "blank.csv", xlsx(tmp_path / "blank.xlsx", fill)):
        assert refusal(path) == "spreadsheet.empty"


def renamed_stream(data: bytes, name: str) -> bytes:
    """A compound file whose stream ``Workbook`` is called `name`."""
    encoded = name.encode("utf-16-le")
    at = data.index("Workbook".encode("utf-16-le"))
    entry = encoded.ljust(64, b"\0") + struct.pack("<H", len(encoded) + 2)
    return data[:at] + entry + data[at + 66 :]


def test_an_encrypted_xlsx_is_said_to_have_a_password(tmp_path: Path) -> None:
    path = tmp_path / "list.xlsx"
    path.write_bytes(renamed_stream(small_xls(tmp_path / "real.xls").read_bytes(), "EncryptedPackage"))
    assert refusal(path) == "spreadsheet.password"


@pytest.mark.parametrize("encryption", [0, 1])
def test_an_xls_with_a_password_is_said_to_have_one(tmp_path: Path, encryption: int) -> None:
    data = bytearray(small_xls(tmp_path / "real.xls").read_bytes())
    begin = data.index(struct.pack("<HH", 0x0809, 16))  # the first record; the one after it becomes a FILEPASS
    struct.pack_into("<H", data, begin + 20, 0x002F)
    length = struct.unpack_from("<H", data, begin + 22)[0]
    assert length >= 2
    struct.pack_into("<H", data, begin + 24, encryption)
    (tmp_path / "list.xls").write_bytes(data)
    assert refusal(tmp_path / "list.xls") == "spreadsheet.password"


def test_truncated_workbooks_are_damaged(tmp_path: Path) -> None:
    for path in (small_xlsx(tmp_path / "list.xlsx"), small_xls(tmp_path / "list.xls")):
        whole = path.read_bytes()
        for size in (len(whole) // 3, len(whole) // 2, len(whole) - 700):
            path.write_bytes(whole[:size])
            assert refusal(path) == "spreadsheet.damaged", (path.name, size)


def test_a_part_that_does_not_match_its_checksum_is_damaged(tmp_path: Path) -> None:
    path = small_xlsx(tmp_path / "list.xlsx")
    with zipfile.ZipFile(path) as archive:
        part = archive.getinfo("xl/worksheets/sheet1.xml")
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, part.header_offset + 14, part.CRC ^ 1)
    directory = data.index(b"PK\x01\x02")
    data[directory:] = data[directory:].replace(struct.pack("<I", part.CRC), struct.pack("<I", part.CRC ^ 1))
    path.write_bytes(data)
    assert refusal(path) == "spreadsheet.damaged"


def test_a_workbook_whose_xml_breaks_off_is_damaged(tmp_path: Path) -> None:
    def cut(name: str, content: bytes) -> bytes:
        return content[: len(content) // 2] if name == "xl/workbook.xml" else content

    path = repacked(small_xlsx(tmp_path / "whole.xlsx"), tmp_path / "list.xlsx", cut)
    assert refusal(path) == "spreadsheet.damaged"


def test_a_count_of_strings_that_cannot_be_true_is_damage(tmp_path: Path) -> None:
    def boast(name: str, content: bytes) -> bytes:
        if name != "xl/sharedStrings.xml":
            return content
        assert b'uniqueCount="2"' in content
        return content.replace(b'uniqueCount="2"', b'uniqueCount="900000000000"')

    path = repacked(small_xlsx(tmp_path / "whole.xlsx"), tmp_path / "list.xlsx", boast)
    assert refusal(path) == "spreadsheet.damaged"


def declared(path: Path, part: str, change: int) -> None:
    """Let the zip at `path` say another size of `part`."""
    with zipfile.ZipFile(path) as archive:
        size = archive.getinfo(part).file_size
    data = path.read_bytes()
    assert data.count(struct.pack("<I", size)) == 2
    path.write_bytes(data.replace(struct.pack("<I", size), struct.pack("<I", size + change)))


def test_a_zip_bomb_is_refused_by_what_it_declares(tmp_path: Path) -> None:
    path = small_xlsx(tmp_path / "list.xlsx")
    declared(path, "xl/sharedStrings.xml", 600 * 2**20)
    assert refusal(path) == "spreadsheet.too_large"


def test_a_part_that_unpacks_to_more_than_it_declares_is_damage(tmp_path: Path) -> None:
    path = small_xlsx(tmp_path / "list.xlsx")
    declared(path, "xl/sharedStrings.xml", -60)
    assert refusal(path) == "spreadsheet.damaged"


@pytest.mark.parametrize("suffix", ["xlsx", "xls", "csv"])
def test_the_last_line_may_be_the_last_allowed_one_and_not_the_next(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"list.{suffix}"
    if suffix == "xlsx":
        xlsx(path, lambda workbook: workbook.add_worksheet().write_column(0, 0, ["张三"] * 100))
    elif suffix == "xls":
        workbook = xlwt.Workbook()
        sheet = workbook.add_sheet("a")
        for row in range(100):
            sheet.write(row, 0, row)
        workbook.save(path)
    else:
        path.write_text("张三,男\n" * 100 + ",\n" * 50, "utf-8")
    assert len(read_sheets(path, max_rows=100)[0].rows) == 100
    assert refusal(path, max_rows=99) == "spreadsheet.too_many_rows"


@pytest.mark.parametrize("suffix", ["xlsx", "xls"])
def test_one_stray_cell_far_away_does_not_fill_the_memory(tmp_path: Path, suffix: str) -> None:
    def fill(workbook: xlsxwriter.Workbook) -> None:
        sheet = workbook.add_worksheet()
        sheet.write(0, 0, 1)
        sheet.write(9_000, 16_000, 1)

    path = tmp_path / f"list.{suffix}"
    if suffix == "xlsx":
        xlsx(path, fill)
    else:
        workbook = xlwt.Workbook()
        sheet = workbook.add_sheet("a")
        sheet.write(0, 0, 1)
        sheet.write(49_000, 250, 1)
        workbook.save(path)
    assert refusal(path) == "spreadsheet.too_wide"


def test_numbers_packed_into_one_record_of_an_xls_count_up_to_the_last(tmp_path: Path) -> None:
    workbook = xlwt.Workbook()
    sheet = workbook.add_sheet("a")
    for column in range(250):
        sheet.write(49_000, column, column)
    workbook.save(tmp_path / "list.xls")
    assert struct.pack("<HH", 0x00BD, 2 + 2 + 250 * 6 + 2) in (tmp_path / "list.xls").read_bytes()
    assert refusal(tmp_path / "list.xls") == "spreadsheet.too_wide"


def test_a_sheet_that_begins_where_no_sheet_begins_is_damage(tmp_path: Path) -> None:
    data = bytearray(small_xls(tmp_path / "real.xls").read_bytes())
    at = data.index("七1班".encode("utf-16-le")) - 8  # position, visibility, kind, length, encoding, then the name
    position = struct.unpack_from("<I", data, at)[0]
    assert data[512 + position : 512 + position + 2] == b"\x09\x08"
    struct.pack_into("<I", data, at, position + 4)
    (tmp_path / "list.xls").write_bytes(data)
    assert refusal(tmp_path / "list.xls") == "spreadsheet.damaged"


def test_a_file_larger_than_any_list_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    with path.open("wb") as file:
        file.truncate(101 * 2**20)
    assert refusal(path) == "spreadsheet.too_large"


def test_sizes_in_an_xls_that_cannot_be_true_are_damage_and_not_the_end_of_the_program(tmp_path: Path) -> None:
    whole = small_xls(tmp_path / "real.xls").read_bytes()
    for at in (44, 48, 60, 64, 68, 72, 76):  # numbers of sectors and first sectors in the header
        data = bytearray(whole)
        struct.pack_into("<I", data, at, 0x7FFFFFF0)
        (tmp_path / "list.xls").write_bytes(data)
        assert outcome(tmp_path / "list.xls") in ("spreadsheet.damaged", "姓名"), at


def test_the_size_a_sheet_claims_in_an_xls_is_not_believed(tmp_path: Path) -> None:
    data = bytearray(small_xls(tmp_path / "real.xls").read_bytes())
    at = data.index(struct.pack("<HH", 0x0200, 14)) + 4
    struct.pack_into("<IIHH", data, at, 0, 0xFFFFFFFF, 0, 0xFFFF)
    (tmp_path / "list.xls").write_bytes(data)
    assert read_sheets(tmp_path / "list.xls")[0].rows == [["姓名"]]


def test_large_old_workbooks_come_through_the_clean_container_whole(tmp_path: Path) -> None:
    workbook = xlwt.Workbook()
    sheet = workbook.add_sheet("名册")
    for row in range(20_000):
        sheet.write(row, 0, f"学生{row}")
        sheet.write(row, 1, "某某县某某镇某某村" * 20 + str(row))
    stream = io.BytesIO()
    workbook.save(stream)
    (tmp_path / "list.xls").write_bytes(stream.getvalue())
    (read,) = read_sheets(tmp_path / "list.xls")
    assert stream.tell() > 5 * 2**20
    assert [row[0] for row in read.rows] == [f"学生{row}" for row in range(20_000)]
