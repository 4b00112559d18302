"""Workbooks of the .xlsx family (a zip of XML), looked through before they are read."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator

from app.errors import Problem
from app.spreadsheets.limits import MAX_XML_BYTES, Extent

_CHUNK = 2**20
# A start tag that is cut by the end of a chunk begins at most this many bytes before it.
_OVERLAP = 1024
_CELL = re.compile(rb'<(?:\w+:)?c\s[^>]*?\br="([A-Z]{1,3})([0-9]{1,7})"[^>/]*>\s*<(?:\w+:)?[vif]')
_CELL_WITHOUT_ADDRESS = re.compile(rb"<(?:\w+:)?c(?:\s+(?!r=)\w+=\"[^\"]*\")*\s*>\s*<(?:\w+:)?[vif]")
_ROW = re.compile(rb"<(?:\w+:)?row[\s>/]")
_STRING_COUNT = re.compile(rb'uniqueCount="(\d+)"')
_SHEET_TYPE = b"spreadsheetml.worksheet"  # among the types of parts; a text document with a chart has whole workbooks
_OPEN_DOCUMENT = b"application/vnd.oasis.opendocument.spreadsheet"


def check(data: bytes, max_rows: int) -> None:
    """Look through the zip in `data`, in bounded memory, and refuse what cannot or should not be read.

    Every part is unpacked once, so that a part that is damaged or larger than it says is found here.

    Raises:
        Problem: ``spreadsheet.not_a_spreadsheet``, ``spreadsheet.save_again``, ``spreadsheet.damaged``,
            ``spreadsheet.too_large``, ``spreadsheet.too_many_rows`` or ``spreadsheet.too_wide``.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check_kind(archive)
            parts = [part for part in archive.infolist() if part.filename.lower().endswith(".xml")]
            if sum(part.file_size for part in parts) > MAX_XML_BYTES:
                raise Problem("spreadsheet.too_large")
            for part in parts:
                _check_part(archive, part, max_rows)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError):
        # RuntimeError: a part is encrypted by a zip program; NotImplementedError: an unknown compression; ValueError: the
        # table of contents points before the beginning.
        raise Problem("spreadsheet.damaged") from None


def _check_kind(archive: zipfile.ZipFile) -> None:
    # Some programs write the separators of Windows, or put the workbook elsewhere than under xl/.
    names = {name.lower().replace("\\", "/").lstrip("/"): name for name in archive.namelist()}
    if "xl/workbook.bin" in names:
        raise Problem("spreadsheet.save_again", format="XLSB")
    if _beginning(archive, names.get("mimetype")).startswith(_OPEN_DOCUMENT):
        raise Problem("spreadsheet.save_again", format="ODS")
    if _SHEET_TYPE not in _beginning(archive, names.get("[content_types].xml")):
        raise Problem("spreadsheet.not_a_spreadsheet")


def _beginning(archive: zipfile.ZipFile, name: str | None) -> bytes:
    if name is None:
        return b""
    with archive.open(name) as part:
        return part.read(_CHUNK)


def _check_part(archive: zipfile.ZipFile, part: zipfile.ZipInfo, max_rows: int) -> None:
    extent = Extent(max_rows)
    rows = 0
    for text in _chunks(archive, part):
        count = _STRING_COUNT.search(text)
        if count and int(count[1]) > part.file_size:
            raise Problem("spreadsheet.damaged")  # the reader would make room for that many strings at once
        for column, line in _CELL.findall(text):
            extent.reach(int(line), _column_number(column))
        rows += len(_ROW.findall(text))
        if rows > max_rows and _CELL_WITHOUT_ADDRESS.search(text):
            extent.reach(rows, 1)


def _chunks(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[bytes]:
    with archive.open(part) as stream:
        before = b""
        while chunk := stream.read(_CHUNK):
            yield before + chunk
            before = chunk[-_OVERLAP:]


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
