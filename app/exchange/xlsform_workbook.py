"""An XLSForm workbook, looked through before pyxform reads it."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

import msgspec

from app.errors import Problem
from app.spreadsheets import xlsx

LARGEST = 20 * 2**20
LARGEST_UNPACKED = 100 * 2**20
_MOST_ROWS = 10_000
_ZIP = b"PK\x03\x04"
_DECLARATION = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_CHUNK, _OVERLAP = 2**20, 16

Json = dict[str, Any]


class Workbook(msgspec.Struct, frozen=True):
    """What pyxform makes of a workbook.

    Attributes:
        form: its tree of questions.
        rows: the names on the sheet ``survey`` from the top, each with the number of its row.
        warnings: what pyxform has to say.
    """

    form: Json
    rows: tuple[tuple[int, str], ...]
    warnings: tuple[str, ...]


def read_workbook(raw: bytes) -> Workbook:
    """Read an XLSForm. Raises Problem where it is none, with the reason that pyxform gives."""
    if len(raw) > LARGEST:
        raise Problem("exchange.too_large", megabytes=LARGEST >> 20)
    if not raw.startswith(_ZIP):
        raise Problem("exchange.not_xlsx")
    xlsx.check(raw, _MOST_ROWS)
    _check_parts(raw)
    return _read(raw)


def _check_parts(raw: bytes) -> None:
    """Refuse what unpacks to very much, and declarations of a document type: no spreadsheet program writes them."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            if sum(part.file_size for part in archive.infolist()) > LARGEST_UNPACKED:
                raise Problem("spreadsheet.too_large")
            for part in archive.infolist():
                if any(_DECLARATION.search(text) for text in _texts(archive, part)):
                    raise Problem("exchange.declaration", part=part.filename)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError):
        # As in `app.spreadsheets.xlsx`, which looks at the sheets alone.
        raise Problem("spreadsheet.damaged") from None


def _texts(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """A part in pieces that overlap."""
    with archive.open(part) as stream:
        before = b""
        while chunk := stream.read(_CHUNK):
            yield before + chunk
            before = chunk[-_OVERLAP:]


def _read(raw: bytes) -> Workbook:
    # Takes a second to load, with the libraries that it brings.
    from pyxform.builder import create_survey_element_from_dict  # noqa: PLC0415
    from pyxform.errors import PyXFormError  # noqa: PLC0415
    from pyxform.xls2json import workbook_to_json  # noqa: PLC0415
    from pyxform.xls2json_backends import get_xlsform  # noqa: PLC0415

    said: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the library that reads workbooks: about styles
        try:
            sheets = get_xlsform(xlsform=io.BytesIO(raw), file_type=".xlsx")
            form = workbook_to_json(workbook_dict=sheets, fallback_form_name="form", warnings=said)
            # Making the whole form finds names that do not exist and conditions that go round in a circle.
            create_survey_element_from_dict(form).to_xml(validate=False, warnings=said)
        except PyXFormError as error:
            raise Problem("exchange.not_xlsform", reason=str(error).rstrip(".")) from None
        except (
            ValueError,
            TypeError,
            KeyError,
            AttributeError,
            IndexError,
            RecursionError,
            zipfile.BadZipFile,
        ) as error:
            # What a form that nobody foresaw makes pyxform stumble over.
            raise Problem("exchange.not_xlsform", reason=type(error).__name__) from None
    return Workbook(form, tuple(_names(sheets.survey or ())), tuple(said))


def _names(rows: Any) -> Iterator[tuple[int, str]]:
    for number, row in enumerate(rows, 2):
        for heading, value in row.items():
            if str(heading).strip().lower() == "name":
                yield number, str(value).strip()
