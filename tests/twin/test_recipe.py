"""Recipes: what they may say, and what happens when they are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from layers.errors import CityError
from twin.recipe import ROLES, read_recipe

MINIMAL = 'name = "A"\n[[source]]\npath = "{path}"\n'


def write(folder: Path, text: str) -> Path:
    path = folder / "recipe.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_paths_are_relative_to_the_recipe(tmp_path):
    recipe = read_recipe(write(tmp_path, MINIMAL.format(path="a/b.tif")))
    assert Path(recipe.source[0].path) == tmp_path.resolve() / "a" / "b.tif"


def test_a_pattern_becomes_one_source_per_file_in_order(tmp_path):
    for name in ("b.laz", "a.laz", "c.txt"):
        (tmp_path / name).touch()
    recipe = read_recipe(write(tmp_path, MINIMAL.format(path="*.laz") + 'role = "lidar"\n'))
    assert [Path(source.path).name for source in recipe.source] == ["a.laz", "b.laz"]
    assert {source.role for source in recipe.source} == {"lidar"}


def test_a_name_with_brackets_that_exists_is_no_pattern(tmp_path):
    (tmp_path / "a[1].tif").touch()
    recipe = read_recipe(write(tmp_path, MINIMAL.format(path="a[1].tif")))
    assert Path(recipe.source[0].path).name == "a[1].tif"


def test_variables_are_expanded(tmp_path, monkeypatch):
    monkeypatch.setenv("DOTHI_TEST_PLACE", str(tmp_path))
    recipe = read_recipe(write(tmp_path, MINIMAL.format(path="${DOTHI_TEST_PLACE}/x.tif")))
    assert Path(recipe.source[0].path) == tmp_path / "x.tif"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name = ", "not understood"),
        ('name = "A"\nsource = []\n', "names no source"),
        ('name = "A"\ncolour = "red"\n[[source]]\npath = "a"\n', "colour"),
        (MINIMAL.format(path="a.tif") + 'role = "cheese"\n', "cheese"),
        (MINIMAL.format(path="a.tif") + "max_points = true\n", "max_points"),
        (MINIMAL.format(path="none-*.laz"), "No file fits"),
        (MINIMAL.format(path="${NOT_SET_ANYWHERE}/a.tif"), "NOT_SET_ANYWHERE"),
        (
            'name = "A"\n[[source]]\npath = "a"\n[buildings]\nfloor_height_m = "x"\n',
            "floor_height_m",
        ),
    ],
)
def test_a_wrong_recipe_says_what_is_wrong(tmp_path, text, says):
    with pytest.raises(CityError) as error:
        read_recipe(write(tmp_path, text))
    assert says in str(error.value)


def test_a_missing_recipe_says_where_it_looked(tmp_path):
    with pytest.raises(CityError, match=r"nowhere\.toml"):
        read_recipe(tmp_path / "nowhere.toml")


RECIPES = sorted((Path(__file__).parents[2] / "docs" / "recipes").glob("*.toml"))


@pytest.mark.data
@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_every_recipe_of_the_guide_finds_its_files(path, data, monkeypatch):
    monkeypatch.setenv("DOTHI_DATA", str(data))
    recipe = read_recipe(path)
    assert all(Path(source.path).exists() for source in recipe.source)
    assert all(source.role in ROLES for source in recipe.source)
