"""Spreadsheets that we write."""

from pathlib import Path

from app.spreadsheets import read_sheets
from app.spreadsheets.writing import workbook


def written(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "list.xlsx"
    path.write_bytes(content)
    return path


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    rows = [("七年级", 12, "姓名里有“<”"), ("王𬱖", 70_000, "")]
    (sheet,) = read_sheets(written(tmp_path, workbook("没有导入的行", ("工作表", "行号", "原因"), rows)))
    assert sheet.name == "没有导入的行"
    assert sheet.rows == [["工作表", "行号", "原因"], ["七年级", 12, "姓名里有“<”"], ["王𬱖", 70_000]]


def test_a_text_that_looks_like_a_formula_stays_a_text(tmp_path: Path) -> None:
    texts = ["=1+1", "@SUM(A1)", "https://example.invalid", "-1", "0012"]
    (sheet,) = read_sheets(written(tmp_path, workbook("x", ["a"], [[text] for text in texts])))
    assert [row[0] for row in sheet.rows[1:]] == texts


def test_a_table_without_rows_has_its_header(tmp_path: Path) -> None:
    (sheet,) = read_sheets(written(tmp_path, workbook("x", ["a", "b"], [])))
    assert sheet.rows == [["a", "b"]]
