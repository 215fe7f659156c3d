"""Trees: from a layer of points, or from the tops of a canopy raster."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.arrays import frozen
from layers.builders.ground import sample
from layers.kinds.elevation import ElevationLayer
from layers.kinds.features import FeatureLayer
from layers.notices import Notice
from layers.readers import columns as names

DEFAULT_HEIGHT_M = 8.0
LOWEST_M = 3.0
"""Lower canopy is shrub."""
HIGHEST_M = 120.0
"""No tree is higher (Hyperion: 116 m)."""
WIDEST_M = 30.0
MOST_TREES = 200_000

_HEIGHTS = (
    *("height", "treeheight", "hoogte", "hojd", "hauteur", "altura", "h", "heightm"),
    *("chieucao", "cao", "chieucaocay", "chieucaom"),
)
_CROWNS = (
    *("crown", "crowndiameter", "diametercrown", "crownm", "spread", "canopy", "kroondiameter"),
    *("tan", "duongkinhtan", "tanla", "dktan"),
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trees:
    """Many trees.

    Attributes
    ----------
    xyz : float64, shape (n, 3), world, metres; z is the ground
    height : float32, shape (n,), metres
    crown : float32, shape (n,), metres, diameter
    row : int32, shape (n,), row of the feature each comes from; −1 for those found in a raster
    notices : what was left out
    """

    xyz: NDArray[np.float64]
    height: NDArray[np.float32]
    crown: NDArray[np.float32]
    row: NDArray[np.int32]
    notices: tuple[Notice, ...] = field(default=())

    def __post_init__(self) -> None:
        for name, dtype, ndim in (
            ("xyz", np.float64, 2),
            ("height", np.float32, 1),
            ("crown", np.float32, 1),
            ("row", np.int32, 1),
        ):
            values = frozen(getattr(self, name), dtype=dtype, ndim=ndim, name=name)
            object.__setattr__(self, name, values)

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.xyz)


def crown_of(height: NDArray[np.floating]) -> NDArray[np.float64]:
    """Crown diameter in metres expected of a tree of `height` metres.

    Popescu & Wynne (2004), "Seeing the trees in the forest", PE&RS 70(5), eq. for deciduous trees:
    3.09632 + 0.00895 h²; at most as wide as high, and `WIDEST_M`, beyond the trees they measured.
    """
    tall = np.asarray(height, dtype=np.float64)
    crown: NDArray[np.float64] = np.clip(3.09632 + 0.00895 * tall**2, None, WIDEST_M)
    return np.minimum(crown, np.maximum(tall, 1.0))


def trees_from_features(features: FeatureLayer, ground: ElevationLayer | None) -> Trees:
    """One tree for each point of `features`; height and crown from columns, where there are some.

    Without a height a tree is 8 m high; without a crown it has the one expected of its height.
    Features that are not points are left out.
    """
    parts, row = shapely.get_parts(np.asarray(features.geometry), return_index=True)
    points = shapely.get_type_id(parts) == 0
    xy, row = shapely.get_coordinates(parts[points]), row[points]
    height = _numbers(features.columns, _HEIGHTS, len(features.geometry), HIGHEST_M)[row]
    height = np.where(np.isnan(height), DEFAULT_HEIGHT_M, height)
    crown = _numbers(features.columns, _CROWNS, len(features.geometry), 60.0)[row]
    crown = np.where(np.isnan(crown), crown_of(height), crown)
    notices = []
    left_out = int((~points).sum())
    if left_out:
        notices.append(
            Notice(
                code="not-points",
                what=f"{left_out} features of {features.name} are not points and give no tree",
                source=features.name,
                count=left_out,
            )
        )
    return _trees(xy, height, crown, row, ground, notices)


def trees_from_canopy(
    canopy: ElevationLayer,
    ground: ElevationLayer | None,
    *,
    lowest: float = LOWEST_M,
    most: int = MOST_TREES,
) -> Trees:
    """One tree at each top of a raster of canopy heights above ground.

    A top is the highest cell within the radius of the crown expected of its height: the variable
    window filter of Popescu & Wynne (2004). More than `most` are thinned to the highest.
    """
    from scipy import ndimage

    heights = np.nan_to_num(canopy.heights, nan=0.0)
    heights = np.where(heights <= HIGHEST_M, heights, np.float32(0))
    # on a plateau of equal heights (whole metres) its middle is the top
    smooth = heights + 1e-4 * ndimage.gaussian_filter(heights, sigma=1.0, output=np.float64)
    peak = (smooth == ndimage.maximum_filter(smooth, size=3)) & (heights >= lowest)
    row, col = np.nonzero(peak)
    height = heights[row, col].astype(np.float64)
    xy = np.column_stack(
        [
            canopy.west + (col + 0.5) * canopy.cell_x,
            canopy.north - (row + 0.5) * canopy.cell_y,
        ]
    )
    order = np.lexsort((col, row, -smooth[row, col]))
    xy, height = xy[order], height[order]
    kept = _highest(xy, crown_of(height) / 2)
    notices = []
    if kept.sum() > most:
        notices.append(
            Notice(
                code="trees-thinned",
                what=f"{canopy.name}: the {most} highest of {int(kept.sum())} trees are kept",
                source=canopy.name,
                count=int(kept.sum()) - most,
                severity="info",
            )
        )
        kept &= np.cumsum(kept) <= most
    xy, height = xy[kept], height[kept]
    return _trees(xy, height, crown_of(height), np.full(len(xy), -1), ground, notices)


def _highest(xy: NDArray[np.float64], radius: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which places, given highest first, have no higher kept one within their radius."""
    from scipy.spatial import cKDTree

    kept = np.ones(len(xy), dtype=bool)
    if len(xy) < 2:
        return kept
    pairs = cKDTree(xy).query_pairs(float(radius.max()), output_type="ndarray")
    near = np.hypot(*(xy[pairs[:, 0]] - xy[pairs[:, 1]]).T) < radius[pairs].max(axis=1)
    pairs = np.sort(pairs[near], axis=1)
    for high, low in pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))].tolist():
        if kept[high]:
            kept[low] = False
    return kept


def _numbers(columns: names.Columns, known: tuple[str, ...], count: int, most: float) -> Any:
    by_name = {names.folded(name): values for name, values in columns.items()}
    for wanted in known:
        if wanted in by_name:
            values = names.numbers(by_name[wanted])
            with np.errstate(invalid="ignore"):
                return np.where((values > 0) & (values <= most), values, np.nan)
    return np.full(count, np.nan)


def _trees(
    xy: NDArray[np.float64],
    height: NDArray[np.floating],
    crown: NDArray[np.floating],
    row: NDArray[np.integer],
    ground: ElevationLayer | None,
    notices: list[Notice],
) -> Trees:
    base = np.zeros(len(xy)) if ground is None else np.nan_to_num(sample(ground, xy), nan=0.0)
    return Trees(
        xyz=np.column_stack([xy, base]),
        height=np.asarray(height, dtype=np.float32),
        crown=np.asarray(crown, dtype=np.float32),
        row=np.asarray(row, dtype=np.int32),
        notices=tuple(notices),
    )
