"""Frames into an MP4, or into a folder of numbered PNGs; nothing half is left of either."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path

from layers.atomic import atomic
from layers.errors import CityError, WriteError
from layers.writers.png import PngRows
from viewers.picture import Pixels

LEAST_FPS, MOST_FPS = 1, 120
QUALITY = 18
"""x264's constant rate factor: 18 is called visually lossless (FFmpeg wiki, Encode/H.264)."""


def even(size: tuple[int, int]) -> tuple[int, int]:
    """The size next below whose sides are even: H.264 with 4:2:0 colour halves both."""
    return size[0] // 2 * 2, size[1] // 2 * 2


def is_film(out: Path) -> bool:
    """Whether the name is that of a film; a folder of frames has no suffix.

    Raises
    ------
    CityError
        It is the name of something else.
    """
    if out.suffix.lower() == ".mp4":
        return True
    if out.suffix and not out.is_dir():
        raise CityError(
            f"A film is not written as {out.name}",
            hint="Choose a name that ends with .mp4, or a name without an ending for a folder of"
            " numbered pictures.",
            code="format-unknown",
        )
    return False


def record(out: Path, frames: Iterable[Pixels], size: tuple[int, int], fps: int) -> int:
    """Write `frames` to `out`; how many there were. Where `frames` raises, nothing is left.

    Raises
    ------
    WriteError
        It cannot be written there, or the folder has something in it.
    """
    if is_film(out):
        with atomic(out) as temporary:
            return _film(temporary, frames, size, fps)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise WriteError(
            f"{out.name} has something in it", hint="Choose a new folder for the pictures."
        )
    with atomic(out) as temporary:
        temporary.mkdir()
        count = 0
        for count, pixels in enumerate(frames, start=1):
            with (temporary / f"{count - 1:06d}.png").open("wb") as file:
                png = PngRows(file, *size)
                png.add(pixels)
                png.finish()
        if out.is_dir():
            out.rmdir()
        return count


def _film(path: Path, frames: Iterable[Pixels], size: tuple[int, int], fps: int) -> int:
    """H.264 in an MP4 that begins to play before it is loaded."""
    import imageio_ffmpeg

    exact = ["-fflags", "+bitexact", "-flags:v", "+bitexact", "-map_metadata", "-1"]
    writer = imageio_ffmpeg.write_frames(
        str(path),
        size,
        pix_fmt_in="rgb24",
        pix_fmt_out="yuv420p",
        fps=fps,
        codec="libx264",
        quality=None,
        macro_block_size=2,
        ffmpeg_log_level="error",
        # Of how many threads the encoder has depends what it writes.
        output_params=[
            "-crf", str(QUALITY), "-preset", "medium", "-threads", "4", "-movflags", "+faststart",
            "-vf", "scale=out_color_matrix=bt709:out_range=tv",
            "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", *exact,
        ],
    )  # fmt: skip
    count = 0
    try:
        writer.send(None)
        for pixels in frames:
            writer.send(pixels.tobytes())
            count += 1
        writer.close()
    except OSError as damage:
        raise WriteError(
            f"The film could not be written: {str(damage).splitlines()[0]}",
            hint="Look whether the disk is full, then try again.",
        ) from damage
    finally:
        with contextlib.suppress(OSError, StopIteration):
            writer.close()
    if not path.is_file() or not path.stat().st_size:
        raise WriteError("The film could not be written", hint="Look whether the disk is full.")
    return count
