"""What a reader, builder or check has to tell people: counted, coded, placed."""

from __future__ import annotations

from typing import Literal

import msgspec

Severity = Literal["info", "warning", "error"]


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One thing worth knowing about data; repeated happenings are one notice with a `count`.

    Attributes
    ----------
    code : stable, lower-case with dashes, e.g. "rings-repaired"
    what : what happened, one sentence
    hint : what to try; may be empty
    source : file or layer name it is about
    count : how many things it concerns
    where : example position (x, y) in the layer's CRS, or None
    """

    code: str
    what: str
    hint: str = ""
    source: str = ""
    count: int = 1
    severity: Severity = "warning"
    where: tuple[float, float] | None = None
