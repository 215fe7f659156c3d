"""Measured numbers with names and units, in both languages, with no more digits than they deserve."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from small_layers import CRS, EAST, NORTH, ground_layer

from layers.errors import CityError
from layers.frame import Frame
from twin.city import City
from viewers.i18n import set_language
from viewers.measurements import Measurement, Value, amount, as_csv, as_text, lines_of, measured

SURE = 0.01


def city(*layers) -> City:
    frame = Frame.around(CRS, (EAST, NORTH, EAST + 100, NORTH + 100))
    return City(name="x", frame=frame, layers={one.id: one for one in layers})


def at(*points, spread=SURE):
    places = np.array(points, float) + np.array([EAST, NORTH, 6.0])
    return places, np.full((len(places), 2), spread)


def values(kind, *points, spread=SURE, of=None):
    found = measured(kind, *at(*points, spread=spread), of or city())
    return {value.name: value for value in found}


def test_a_distance_has_its_parts():
    found = values("distance", (0, 0, 0), (3, 4, 12))
    assert found["In space"].value == pytest.approx(13)
    assert found["Level"].value == pytest.approx(5)
    assert found["Rise"].value == pytest.approx(12)
    assert found["Bearing"].value == pytest.approx(np.degrees(np.arctan2(3, 4)))
    assert found["In space"].spread == pytest.approx(SURE * np.sqrt(2))
    assert "Level, on the ground" not in found  # a millimetre in five metres is not seen


def test_the_ground_is_told_where_it_differs_from_the_map():
    found = values("distance", (0, 0, 0), (3000, 4000, 0))
    ground = found["Level, on the ground"].value
    assert 0.005 < abs(ground - 5000) < 5
    assert "Level, on the ground" not in values("distance", (0, 0, 0), (3000, 4000, 0), spread=30.0)


def test_a_line_of_several_points_tells_each_segment():
    points, spreads = at((0, 0, 0), (10, 0, 0), (10, 20, 0))
    found = measured("distance", points, spreads, city())
    one = Measurement(number=2, kind="distance", points=points, spreads=spreads, values=found)
    said = dict(lines_of(one))
    assert said["Segment 1"].startswith("10.00 m") and said["Segment 2"].startswith("20.00 m")
    assert as_text(one).splitlines()[0] == "Distance 2"


def test_areas_on_the_ground_on_roofs_and_walls():
    square = ((0, 0, 0), (20, 0, 0), (20, 10, 0), (0, 10, 0))
    level = values("area", *square, of=city(ground_layer()))
    assert level["Level area"].value == pytest.approx(200)
    assert level["Area of the ground surface"].value == pytest.approx(200, rel=1e-4)
    roof = values("area", (0, 0, 10), (3, 0, 14), (3, 10, 14), (0, 10, 10))
    assert roof["Level area"].value == pytest.approx(30)
    assert roof["Area in its own plane"].value == pytest.approx(50)
    wall = measured("area", *at((0, 0, 0), (10, 0, 0), (10, 0, 6), (0, 0, 6)), city())
    assert wall[0].name == "Area in its own plane" and wall[0].value == pytest.approx(60)
    with pytest.raises(CityError, match="crosses itself"):
        values("area", (0, 0, 0), (10, 10, 0), (10, 0, 0), (0, 10, 0))


def test_a_height_difference_has_a_slope():
    found = values("height", (0, 0, 0), (40, 0, 30))
    assert found["Height difference"].value == 30 and found["Level"].value == 40
    assert found["Slope"].value == pytest.approx(75)
    assert found["Inclination"].value == pytest.approx(np.degrees(np.arctan2(30, 40)))
    assert found["Upper end"].value == 36
    points, _ = at((0, 0, 30), (40, 0, 0))
    down = measured("height", points, np.array([[0.1, 0.2], [0.3, 0.4]]), city())
    ends = {value.name: (value.value, value.spread) for value in down}
    assert ends["Upper end"] == (36.0, 0.2) and ends["Lower end"] == (6.0, 0.4)


def test_an_angle_of_a_right_triangle():
    found = values("angle", (3, 0, 0), (0, 0, 0), (0, 4, 0))
    assert found["Angle in space"].value == pytest.approx(90)
    upright = values("angle", (0, 0, 5), (0, 0, 0), (1, 0, 0))
    assert "Angle on the map" not in upright  # one side has no length on the map


@pytest.mark.parametrize(
    ("value", "spread", "unit", "said"),
    [
        (12.3456, 0.03, "m", "12.35 m ± 0.03"),
        (12.3456, 0.3, "m", "12.3 m ± 0.3"),
        (12.3456, 3.0, "m", "12 m ± 3"),
        (-12.3, 0.1, "m", "−12.3 m ± 0.1"),
        (12345.6, 0.3, "m", "12.3456 km ± 0.0003"),
        (199.6, 4.0, "m²", "200 m² ± 4"),
        (25_000.0, 100.0, "m²", "2.50 ha ± 0.01"),
        (2_500_000.0, 10_000.0, "m²", "2.50 km² ± 0.01"),
        (45.0, 0.5, "°", "45.0° ± 0.5"),
    ],
)
def test_amounts_have_as_many_digits_as_they_deserve(value, spread, unit, said):
    assert amount(Value(name="", value=value, spread=spread, unit=unit)) == said


def test_amounts_are_written_as_the_language_does():
    set_language("vi")
    assert amount(Value(name="", value=1234.5, spread=0.3)) == "1.234,5 m ± 0,3"


def test_the_table_has_a_row_for_each_value_and_each_point():
    points, spreads = at((0, 0, 0), (3, 4, 0))
    found = measured("distance", points, spreads, city())
    one = Measurement(number=1, kind="distance", points=points, spreads=spreads, values=found)
    rows = list(csv.DictReader(io.StringIO(as_csv([one], CRS))))
    assert rows[0]["what"] == "In space" and float(rows[0]["value"]) == pytest.approx(5)
    assert [row["x"] for row in rows if row["what"] == "point"] == [
        f"{EAST:.3f}",
        f"{EAST + 3:.3f}",
    ]
    assert {row["crs"] for row in rows} == {CRS}
