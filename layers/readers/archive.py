"""ZIP files looked at with care: what is in them, and whether they can be what they seem."""

from __future__ import annotations

import zipfile
from pathlib import Path

from layers.errors import ReadError

MOST_BYTES = 4 * 2**30
"""No archive is unpacked beyond this."""
MOST_MEMBERS = 10_000
_MOST_RATIO = 500  # deflate cannot do better than 1 032 : 1; real geodata stays below 50 : 1
_SMALL = 64 * 2**20  # below this the ratio does not matter


def members(path: Path) -> list[zipfile.ZipInfo]:
    """The files in `path`, without folders and the leavings of other systems.

    Raises
    ------
    ReadError
        It is no ZIP, is cut off, is locked by a password, or would unpack beyond all measure.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            found = [info for info in archive.infolist() if _is_data(info)]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as damage:
        raise ReadError(
            f"{path.name} is no whole ZIP file: {damage}",
            hint="Download or copy it again.",
            code="zip-damaged",
        ) from damage
    if not found:
        raise ReadError(f"{path.name} holds no files", hint="Zip the data again.", code="zip-empty")
    if any(info.flag_bits & 1 for info in found):
        raise ReadError(
            f"{path.name} is locked by a password",
            hint="Unpack it, then open what was inside.",
            code="zip-locked",
        )
    check_size(path, found)
    return found


def check_size(path: Path, found: list[zipfile.ZipInfo]) -> None:
    """Raise `ReadError` where the files of an archive unpack to more than is sane."""
    total = sum(info.file_size for info in found)
    packed = max(sum(info.compress_size for info in found), 1)
    bomb = total > _SMALL and total / packed > _MOST_RATIO
    if len(found) > MOST_MEMBERS or total > MOST_BYTES or bomb:
        raise ReadError(
            f"{path.name} would unpack to {len(found)} files of {total / 2**20:.0f} MiB together",
            hint="If that is right, unpack it yourself and open what is inside.",
            code="zip-too-large",
        )


def unpacked(path: Path, info: zipfile.ZipInfo, most: int) -> bytes:
    """The content of one file of the archive, never more than it announced, nor than `most` bytes.

    Raises
    ------
    ReadError
        It is larger, or damaged.
    """
    limit = min(info.file_size, most)
    if info.file_size > most:
        raise ReadError(
            f"{path.name}: {info.filename} is {info.file_size / 2**20:.0f} MiB, too large to read",
            hint="Split it, or convert it to a GeoPackage.",
            code="file-too-large",
        )
    try:
        with zipfile.ZipFile(path) as archive, archive.open(info) as file:
            content = file.read(limit + 1)
    except (zipfile.BadZipFile, OSError, ValueError, EOFError, NotImplementedError) as damage:
        raise ReadError(
            f"{path.name} is damaged: {damage}",
            hint="Download or copy it again.",
            code="zip-damaged",
        ) from damage
    if len(content) > limit:
        raise ReadError(
            f"{path.name}: {info.filename} is larger than the archive says",
            hint="Do not trust this file; ask for it again.",
            code="zip-too-large",
        )
    return content


def _is_data(info: zipfile.ZipInfo) -> bool:
    name = info.filename.replace("\\", "/")
    hidden = name.startswith("__MACOSX/") or name.rsplit("/", 1)[-1].startswith(".")
    return not info.is_dir() and not hidden
