"""Where a layer came from."""

from __future__ import annotations

import msgspec


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Provenance of a layer, kept through project, health and results.

    Attributes
    ----------
    path : the file as given, absolute
    layer : layer inside the file, "" for the only one
    driver : format name, e.g. "GPKG", "LAZ 1.4"
    crs_from : where the CRS came from: "file" | "given" (user, recipe) | "derived"
    file_crs : CRS of the file before bringing to the project CRS
    units : horizontal unit of the file, "metre" or "US survey foot" …
    encoding : how its texts were encoded, "" where unknown
    size : bytes
    modified : ISO 8601 UTC time of the file's last change, "" where unknown
    sha256 : fingerprint of the content, "" until computed
    licence, attribution, date : as stated by user, recipe or file; "" where not stated
    """

    path: str
    layer: str = ""
    driver: str = ""
    crs_from: str = ""
    file_crs: str = ""
    units: str = ""
    encoding: str = ""
    size: int = 0
    modified: str = ""
    sha256: str = ""
    licence: str = ""
    attribution: str = ""
    date: str = ""
