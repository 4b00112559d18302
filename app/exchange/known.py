"""What translators of conditions and sums have to know of the items of a form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

Kind = Literal["choice", "multiple", "boolean", "number", "date", "text", "group", "truth"]


class Known(msgspec.Struct, frozen=True):
    """An item that was taken up.

    Attributes:
        id: of ours.
        kind: what its answer is. A boolean is a choice of 1 and 0; a truth is a computed condition.
        values: for a choice, what its options are called in the file → our value.
        weighs: whether the options count what our values say; None where they count something that was not kept.
    """

    id: str
    kind: Kind
    values: Mapping[str, int] = {}
    weighs: bool | None = False
