"""A PNG written by rows is read by other programs as what was given."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from layers.writers.png import PngRows


def written(picture, parts, **text):
    out = io.BytesIO()
    png = PngRows(out, picture.shape[1], picture.shape[0], text=text)
    for part in np.array_split(picture, parts):
        png.add(part)
    png.finish()
    return out.getvalue()


@pytest.mark.parametrize("parts", [1, 3, 50])
def test_what_was_written_is_read_back(parts):
    rng = np.random.default_rng(2)
    x, y = np.meshgrid(np.arange(83), np.arange(150))
    smooth = np.stack([x * 3, y, (x + y) % 256], axis=2).astype(np.uint8)
    for picture in (smooth, rng.integers(0, 256, (150, 83, 3), np.uint8)):
        read = Image.open(io.BytesIO(written(picture, parts)))
        assert read.mode == "RGB" and (np.asarray(read) == picture).all()


def test_smooth_pictures_become_small():
    x, y = np.meshgrid(np.arange(640), np.arange(480))
    smooth = np.stack([x // 3, y // 2, x // 4], axis=2).astype(np.uint8)
    assert len(written(smooth, 4)) < smooth.nbytes / 50


def test_title_and_sources_stay_in_the_file_with_their_diacritics():
    data = written(np.zeros((4, 4, 3), np.uint8), 1, Title="Phường Sen Xanh", Copyright="")
    assert Image.open(io.BytesIO(data)).text == {"Title": "Phường Sen Xanh"}


def test_rows_that_do_not_fit_or_are_missing_are_refused():
    png = PngRows(io.BytesIO(), 8, 4)
    with pytest.raises(ValueError):
        png.add(np.zeros((1, 9, 3), np.uint8))
    png.add(np.zeros((3, 8, 3), np.uint8))
    with pytest.raises(ValueError):
        png.add(np.zeros((2, 8, 3), np.uint8))
    with pytest.raises(ValueError):
        png.finish()
