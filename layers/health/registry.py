"""Every check there is: code, score it counts for, weight, function, ISO element, title, formula.

Elements are those of ISO 19157-1:2023. What only metadata can tell (licence, source, format) has
no element there; it is named after ISO 19115-1:2014, which describes it. (ISO 19157:2013 says
"thematic accuracy" for what is called thematic quality here.)
"""

from __future__ import annotations

from layers.errors import CityError
from layers.health import (
    agreement,
    attributes,
    heights,
    meshes,
    outlines,
    points,
    provenance,
    rasters,
    roads,
    surplus,
)
from layers.health.finding import Check

_OMISSION = "Completeness: omission"
_COMMISSION = "Completeness: commission"
_TOPOLOGY = "Logical consistency: topological consistency"
_DOMAIN = "Logical consistency: domain consistency"
_CONCEPT = "Logical consistency: conceptual consistency"
_FORMAT = "Logical consistency: format consistency"
_ABSOLUTE = "Positional accuracy: absolute or external accuracy"
_RELATIVE = "Positional accuracy: relative or internal accuracy"
_GRIDDED = "Positional accuracy: gridded data positional accuracy"
_CLASSES = "Thematic quality: classification correctness"
_QUANTITY = "Thematic quality: quantitative attribute accuracy"
_VALIDITY = "Temporal quality: temporal validity"
_REFERENCE = "none; ISO 19115-1 reference system"
_LEGAL = "none; ISO 19115-1 legal constraints"
_LINEAGE = "none; ISO 19115-1 lineage"
_DISTRIBUTION = "none; ISO 19115-1 distribution format"

# fmt: off
CHECKS: tuple[Check, ...] = (
    # correct: đúng
    Check("crs-plausible", "correct", 3, provenance.crs_plausible, _ABSOLUTE,
          "Lies where its CRS is used", "corners and middle outside the CRS's area of use / 5",
          0.8, "E"),
    Check("heights-plausible", "correct", 3, heights.heights_plausible, _QUANTITY,
          "Heights of buildings possible", "known heights below 2 m or above 830 m / known heights",
          0.5, "D"),
    Check("storeys-plausible", "correct", 2, heights.storeys_plausible, _QUANTITY,
          "Storeys 2.2 to 6 m high", "buildings with other storeys / buildings with both numbers",
          0.5, "D"),
    Check("heights-against-points", "correct", 3, heights.heights_against_points, _ABSOLUTE,
          "Heights against LiDAR points", "tops off by more than CityGML allows / tops checked",
          0.5, "C"),
    Check("oversized-outlines", "correct", 1, outlines.oversized_outlines, _CLASSES,
          "Buildings above 5 000 m²", "outlines above 5 000 m² / outlines", 0.1),
    Check("ground-built-twice", "correct", 2, outlines.ground_built_twice, _RELATIVE,
          "Ground built on twice", "outlines that share more than 1 m² with another / outlines",
          0.25, "C"),
    Check("heights-possible", "correct", 3, rasters.heights_possible, _GRIDDED,
          "Heights of a grid possible", "cells with an impossible height / cells", 0.05, "D"),
    Check("heights-not-classes", "correct", 3, rasters.heights_not_classes, _CLASSES,
          "Heights, not classes", "1 where a few whole numbers leap as classes do, else 0",
          1.0, "E"),
    Check("spikes", "correct", 1, rasters.spikes, _GRIDDED,
          "Spikes in a grid", "cells that stick out from all four neighbours / cells", 0.01),
    Check("whole-metres", "correct", 1, rasters.whole_metres, _GRIDDED,
          "Heights finer than a metre", "1 where all heights are whole metres, else 0", 2.0),
    # sufficient: đủ
    Check("heights-known", "sufficient", 3, heights.heights_known, _OMISSION,
          "Heights can be found", "footprints without height, floors or survey / footprints",
          1.0, "D"),
    Check("heights-measured", "sufficient", 3, heights.heights_measured, _OMISSION,
          "Heights are measured", "1 − mean trust (LiDAR, DSM, model, edited 1; attribute 0.8; "
          "floors 0.5; default 0)", 1.0, "C"),
    Check("points-cover-outlines", "sufficient", 2, heights.points_cover_outlines, _OMISSION,
          "Points on every building", "outlines with fewer than 5 roof points / outlines", 0.5),
    Check("ground-under-outlines", "sufficient", 2, heights.ground_under_outlines, _OMISSION,
          "Ground under every building", "outlines whose middle has no ground height / outlines",
          0.5),
    Check("attributes-filled", "sufficient", 2, attributes.attributes_filled, _OMISSION,
          "Attributes filled", "empty values / values"),
    Check("features-dropped", "sufficient", 1, outlines.features_dropped, _OMISSION,
          "Everything of the file came in", "features left out when read / features in the file",
          0.2),
    Check("point-density", "sufficient", 2, points.point_density, _OMISSION,
          "Dense enough", "1 − points per m² / 8"),
    Check("classes-present", "sufficient", 3, points.classes_present, _CLASSES,
          "Points classified", "1 no class, 0.7 no ground, 0.3 no buildings, else 0", 1.0, "C"),
    Check("colours-told", "sufficient", 0.5, points.colours_told, _OMISSION,
          "Colour and intensity", "half for each that is missing"),
    Check("gaps", "sufficient", 3, rasters.gaps, _OMISSION,
          "Gaps in a grid", "cells without a height / cells", 0.5, "C"),
    Check("filled-cells", "sufficient", 2, rasters.filled_cells, _OMISSION,
          "Heights measured, not filled", "interpolated cells / cells"),
    Check("blank-pixels", "sufficient", 2, rasters.blank_pixels, _OMISSION,
          "Blank pixels", "pure black or white pixels / pixels", 0.5),
    Check("layer-repeated", "sufficient", 2, surplus.layer_repeated, _COMMISSION,
          "No other layer says the same", "largest share that another layer holds too, from 0.8 on"),
    # clean: sạch
    Check("invalid-outlines", "clean", 3, outlines.invalid_outlines, _TOPOLOGY,
          "Valid outlines", "outlines invalid now or when read / features", 0.1, "C"),
    Check("duplicate-outlines", "clean", 2, outlines.duplicate_outlines, _COMMISSION,
          "No outline twice", "outlines equal to 98 % to another one / outlines", 0.05),
    Check("overlapping-outlines", "clean", 1, outlines.overlapping_outlines, _TOPOLOGY,
          "No outlines overlap", "outlines whose interior meets another's / outlines", 1.0),
    Check("slivers", "clean", 1, outlines.slivers, _TOPOLOGY,
          "No slivers", "outlines under 1 m² / outlines", 0.05),
    Check("constant-columns", "clean", 0.5, attributes.constant_columns, _COMMISSION,
          "Columns tell something", "columns that are empty or say the same in each row / columns"),
    Check("texts-readable", "clean", 3, attributes.texts_readable, _FORMAT,
          "Texts readable", "different texts read with the wrong encoding / different texts",
          0.1, "C"),
    Check("noise", "clean", 2, points.noise, _CLASSES,
          "Noise", "noise points / points", 0.02),
    Check("repeated-points", "clean", 1, points.repeated_points, _COMMISSION,
          "No point twice", "points exactly where another one stands / points", 0.1),
    Check("roads-zero-length", "clean", 1, roads.roads_zero_length, _TOPOLOGY,
          "Roads have a length", "roads shorter than 0.1 m / roads", 0.05),
    Check("roads-repeated", "clean", 2, roads.roads_repeated, _COMMISSION,
          "No road twice", "roads equal to another point by point / roads", 0.05),
    Check("flat-triangles", "clean", 1, meshes.flat_triangles, _TOPOLOGY,
          "Triangles have an area", "triangles without an area / triangles", 0.05),
    # live: sống
    Check("source-age", "live", 3, provenance.source_age, _VALIDITY,
          "Age", "(years since the survey − 1) / 10, terrain and points / 20"),
    Check("date-stated", "live", 2, provenance.date_stated, _VALIDITY,
          "Date stated", "1 where nobody says when it was surveyed, else 0"),
    Check("source-unchanged", "live", 1, provenance.source_unchanged, _VALIDITY,
          "Read what the file says now", "1 where the file changed since, 0.5 where it is gone"),
    # consistent: thống nhất
    Check("crs-stated", "consistent", 2, provenance.crs_stated, _REFERENCE,
          "CRS stated in the file", "0 by the file, 0.5 by a person, 1 by nobody"),
    Check("crs-common", "consistent", 2, provenance.crs_common, _CONCEPT,
          "One CRS for all layers", "other layers in another CRS / other layers"),
    Check("unit-metre", "consistent", 2, provenance.unit_metre, _DOMAIN,
          "Unit is the metre", "0 metre, 0.3 degree, 1 anything else", 1.25),
    Check("height-unit-stated", "consistent", 2, provenance.height_unit_stated, _DOMAIN,
          "Unit of heights stated", "0 stated, 0.5 assumed feet, 1 unknown"),
    Check("vertical-stated", "consistent", 1, provenance.vertical_stated, _REFERENCE,
          "Vertical datum stated", "1 where heights do not say what they are above, else 0"),
    Check("ids-present", "consistent", 2, attributes.ids_present, _CONCEPT,
          "Every feature identified", "features without an identifier / features", 1.25),
    Check("ids-unique", "consistent", 3, attributes.ids_unique, _CONCEPT,
          "Identifiers unique", "features with another one's identifier / features", 0.1, "C"),
    Check("grids-aligned", "consistent", 2, agreement.grids_aligned, _RELATIVE,
          "Grids in line", "grids that drift by more than 0.1 of a cell / other grids"),
    Check("grids-agree", "consistent", 3, agreement.grids_agree, _GRIDDED,
          "Three heights add up", "cells where surface − ground is not the height / cells",
          0.2, "C"),
    Check("surface-over-ground", "consistent", 2, agreement.surface_over_ground, _GRIDDED,
          "Surface not below ground", "cells of the surface below the ground / cells", 0.1, "C"),
    Check("roads-apart", "consistent", 2, roads.roads_apart, _TOPOLOGY,
          "Roads hang together", "roads not joined to the largest part / roads", 0.5),
    Check("roads-undershoot", "consistent", 1, roads.roads_undershoot, _TOPOLOGY,
          "Road ends meet", "loose ends within 2 m of another road / ends", 0.1),
    Check("texts-composed", "consistent", 1, attributes.texts_composed, _FORMAT,
          "Texts in one Unicode form", "different texts that are not NFC / different texts", 0.2),
    Check("names-composed", "consistent", 1, attributes.names_composed, _FORMAT,
          "Names in one Unicode form", "untidy names of layer and columns / names"),
    # shared: dùng chung
    Check("licence-stated", "shared", 3, provenance.licence_stated, _LEGAL,
          "Licence stated", "1 where no licence is stated, else 0"),
    Check("source-stated", "shared", 2, provenance.source_stated, _LINEAGE,
          "Source stated", "0 the owner, 0.5 only the file, 1 nothing"),
    Check("open-format", "shared", 2, provenance.open_format, _DISTRIBUTION,
          "Open format", "0 open; 0.3 Shapefile, DXF, MapInfo; 1 anything else"),
    Check("encoding-common", "shared", 1, provenance.encoding_common, _FORMAT,
          "Texts in UTF-8", "0 UTF-8, 0.5 another encoding, 1 unknown"),
    Check("crs-registered", "shared", 1, provenance.crs_registered, _REFERENCE,
          "CRS in a register", "1 where the CRS has no EPSG code, else 0"),
    Check("units-named", "shared", 0.5, attributes.units_named, _DOMAIN,
          "Units in the names", "columns of measures without a unit / columns of measures"),
)
# fmt: on

LIMITS = {check.code: check.limit for check in CHECKS if check.limit is not None}
"""Best grade a layer may have while the check scores below 50."""


def check_of(code: str) -> Check:
    """The check with this code; `CityError` where there is none."""
    for check in CHECKS:
        if check.code == code:
            return check
    raise CityError(f"There is no check {code}", code="check-unknown")
