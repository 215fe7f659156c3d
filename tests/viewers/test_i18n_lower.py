"""What the lower floors say is said in Vietnamese: each sentence in their code is looked for."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import shapely

from layers.readers.registry import reader_for
from layers.readers.repair import repaired
from viewers import i18n

ROOT = Path(i18n.__file__).parents[1]
PLACE = re.compile(r"\{\w+\}")
HOLE = "X7"  # stands where a value goes; a place takes it as it takes the value

# Files that say nothing in the window, each with its reason.
SILENT = {
    "twin/cli.py": "the command line speaks English",
    "layers/health/registry.py": "formulas and ISO names of the checks, for the documentation",
    "layers/health/report.py": "the report on the command line",
    "layers/readers/roles.py": "parts of file names to be recognised",
    "layers/vietnamese.py": "syllables",
}
# Texts that nobody meets in the window, each with its reason.
UNSEEN = {
    "X7: expected X7 dimensions, got X7": "a mistake in our code",
    "X7: expected X7 rows, got X7": "a mistake in our code",
    "X7: expected X7 columns, got X7": "a mistake in our code",
    "X7 does not say its bounds": "a layer class without its method: a mistake in our code",
    "X7 does not say its count": "a layer class without its method: a mistake in our code",
    "of no shape that a coordinate system has": "caught and said anew where it is raised",
    "us survey foot": "the name of a unit in a file",
    "x east, y up, z south": "written into the glTF file",
    "Dothi demo ward, painted": "written into the orthophoto",
    "simulated airborne scan": "written into the LAZ file",
    "Undefined Cartesian SRS": "a row that the GeoPackage standard prescribes",
    "Undefined geographic SRS": "a row that the GeoPackage standard prescribes",
    "Buildings found in LiDAR": "the name of a layer, which the user may change",
}
# Sentences whose hole takes words of ours: all that they can say.
WHOLE = {
    "The surface lies more than X7 m below “X7”": (
        "The surface lies more than 1 m below “A” in 2 of 3 cells; median 4 m, most 5 m",
    ),
    "Choose its coordinate system in the import dialog, or pass --crs": (
        "Choose its coordinate system in the import dialog, or pass --crs.",
    ),
    "There is nothing to X7": ("There is nothing to undo", "There is nothing to redo"),
    "Left out: X7 that cannot be mapped into X7": (
        "Left out: points that cannot be mapped into X7",
        "Left out: features that cannot be mapped into X7",
    ),
    "The points have no X7": (
        "The points have no intensity",
        "The points have no colour",
        "The points have no intensity and no colour",
    ),
    "X7; its numbers would fit X7.": tuple(
        "Choose its coordinate system in the import dialog, or pass --crs; "
        f"its numbers would fit {' or '.join(['EPSG:3405'] * many)}."
        for many in (1, 2, 3)
    ),
}
SQL = re.compile(
    r"\s*(SELECT|INSERT|UPDATE|DELETE|CREATE|DROP|PRAGMA|BEGIN|ALTER|ATTACH|SAVEPOINT)"
)
CODE = re.compile(r"coalesce\(|IS NOT|\\[sd]|tuple\[| = \"|\[\[|^/vsi")
# Words that only an English sentence has; a translation that keeps one is half a translation.
ENGLISH = re.compile(r"\b(the|and|were|are|is|was|with|that|which|have|has|not|from|this|its)\b")


def literals(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Texts and f-strings of a module, without docstrings and bare expressions."""
    inside = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr | ast.JoinedStr)
        for part in ([node.value] if isinstance(node, ast.Expr) else ast.walk(node))
        if part is not node and isinstance(part, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant | ast.JoinedStr) and id(node) not in inside:
            text = _text(node)
            if text:
                yield node.lineno, text


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        parts = [v.value if isinstance(v, ast.Constant) else HOLE for v in node.values]
        return "".join(str(part) for part in parts)
    return ""


def is_for_people(text: str) -> bool:
    """Three words and more that are neither SQL, code nor Vietnamese already."""
    words = re.findall(r"[A-Za-z]{2,}|(?<![A-Za-z])[Aa](?![A-Za-z])", text.replace(HOLE, " "))
    if len(words) < 3 or " " not in text.strip() or SQL.match(text) or CODE.search(text):
        return False
    return all(ord(letter) < 0x1E00 for letter in text) or "“" in text


def sentences() -> dict[str, str]:
    """Every sentence for people in layers and twin, and where it stands."""
    found: dict[str, str] = {}
    for floor in ("layers", "twin"):
        for path in sorted((ROOT / floor).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if name in SILENT or re.search(r"demo/(plan|vectors|civic|houses|forms|nature)", name):
                continue  # the demo's own streets and plots are Vietnamese
            for line, text in literals(ast.parse(path.read_text(encoding="utf-8"))):
                if is_for_people(text) and text not in UNSEEN:
                    found.setdefault(text, f"{name}:{line}")
    return found


@functools.cache
def skeletons() -> tuple[str, ...]:
    """The known English sentences with a hole for each place."""
    return tuple(PLACE.sub(HOLE, english) for english in i18n.table("vi")["messages"])


def is_known(text: str) -> bool:
    """Whether `text`, or a sentence that it is the beginning, middle or end of, is translated."""
    if text in WHOLE:
        return all(is_known(sentence) for sentence in WHOLE[text])
    said = i18n.say(text)
    if said != text and not ENGLISH.search(said):
        return True
    if text[0].isupper() and not text.startswith(HOLE) and not text.endswith(" "):
        return False  # a whole sentence
    return any(text.strip() in skeleton for skeleton in skeletons())


def test_every_sentence_of_the_lower_floors_is_said_in_vietnamese():
    i18n.set_language("vi")
    said = sentences()
    assert len(said) > 500
    unknown = {where: text for text, where in said.items() if not is_known(text)}
    assert unknown == {}


def test_the_walk_sees_sentences_on_every_way_to_the_window():
    said = sentences()
    for text in (
        "rows have no geometry and were left out",  # given to a helper
        "Nothing says whether these heights are of the ground: taken for the ground",  # a name
        "X7 is not there",  # an error
        "Ground: filling gaps",  # progress
        "Counting stopped early: there are more overlapping pairs.",  # health
    ):
        assert text in said, text


def test_a_sentence_without_its_vietnamese_is_found():
    i18n.set_language("vi")
    assert not is_known("A sentence that nobody has put into Vietnamese")
    assert not is_known("X7 geometries were quite unheard of and have been sent away")
    assert not is_known("rows sing, and were sent away")


def test_the_exceptions_are_still_in_the_code():
    texts = {
        text
        for floor in ("layers", "twin")
        for path in (ROOT / floor).rglob("*.py")
        for _, text in literals(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert {*UNSEEN, *WHOLE} <= texts
    assert all((ROOT / name).is_file() for name in SILENT)


def test_every_translation_keeps_the_values_of_its_sentence():
    """Filled with numbers of its own, each sentence gives them all back, each in its place."""
    i18n.set_language("vi")
    seen: set[str] = set()
    for english, words in i18n.table("vi")["messages"].items():
        if (skeleton := re.sub(r"(\{\w+\})+", HOLE, english)) in seen:
            continue  # said by the one before, under other names of its places
        seen.add(skeleton)
        places = list(dict.fromkeys(PLACE.findall(english)))
        values = {place: f"Q{index}Z" for index, place in enumerate(places)}
        filled = PLACE.sub(lambda place, v=values: v[place[0]], english)
        expected = PLACE.sub(lambda place, v=values: v[place[0]], words)
        assert set(PLACE.findall(words)) == set(places), english
        assert i18n.say(filled) == expected, english


def test_a_helper_s_notices_are_said_with_their_counts():
    i18n.set_language("vi")
    bowtie = shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    told = repaired([None, shapely.Polygon(), bowtie], source="a.shp").notices
    assert [i18n.said_notice(notice)[0] for notice in told] == [
        "1 hàng không có hình học nên bị bỏ qua",
        "1 hình rỗng nên bị bỏ qua",
        "1 hình không hợp lệ đã được sửa (tự cắt 1×)",
    ]


def test_a_sentence_inside_a_sentence_is_said():
    i18n.set_language("vi")
    assert i18n.say(
        "12 features of the file could not be used: 5 rows have no geometry and were left out; "
        "7 geometries are empty and were left out"
    ) == (
        "12 đối tượng trong tệp không dùng được: 5 hàng không có hình học nên bị bỏ qua; "
        "7 hình rỗng nên bị bỏ qua"
    )


def test_the_systems_that_fit_are_named_in_their_order():
    i18n.set_language("vi")
    said = i18n.say(
        "Choose its coordinate system in the import dialog, or pass --crs; "
        "its numbers would fit EPSG:5897 or EPSG:3405 or EPSG:32648."
    )
    assert said.endswith("giá trị phù hợp với EPSG:5897, EPSG:3405 hoặc EPSG:32648.")


def test_the_trap_of_heights_is_said_with_its_reason():
    i18n.set_language("vi")
    said = i18n.say(
        "The column “height” does not hold heights of buildings in metres: "
        "half of the values are below 1.3, and no city is 2.2 m high"
    )
    assert said == (
        "Cột “height” không phải chiều cao công trình theo mét: "
        "một nửa giá trị dưới 1,3, mà không thành phố nào chỉ cao 2,2 m"
    )


def test_numbers_inside_sentences_follow_the_language():
    i18n.set_language("vi")
    assert i18n.say("75 outlines are smaller than 1 m²") == "75 đường bao nhỏ hơn 1 m²"
    assert i18n.say("5,299 of 5,299 heights are not measured (5,299 by default)") == (
        "5.299 trên 5.299 chiều cao không đo đạc (5.299 theo giả định)"
    )


def test_undo_labels_are_said():
    from twin.edits.registry import SetBuildingHeight

    i18n.set_language("vi")
    label = SetBuildingHeight(layer="b", building="h-0", height=27.5).label
    assert i18n.say(label) == "đặt h-0 cao 27,5 m"


def test_a_real_error_of_the_registry_is_said(tmp_path):
    i18n.set_language("vi")
    with pytest.raises(Exception, match="not known") as refused:
        reader_for(tmp_path / "plan.xyz9")
    what, hint = i18n.said_error(refused.value)
    assert what == "plan.xyz9: không hỗ trợ loại tệp này"
    assert hint.startswith("Hỗ trợ: ")
