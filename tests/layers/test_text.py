"""Old Vietnamese encodings are told apart by what they say, and come out as NFC."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layers.errors import ReadError
from layers.text import decoded, detect, encoded, known_encoding, mended, unmangled
from layers.vietnamese import ALPHABET, is_syllable

LOWER = "".join(c for c in ALPHABET if c.islower())
ASCII = "abcdefghijklmnopqrstuvwxyz 0123456789"
STREETS = (
    "Phố Hàng Bài",
    "Đường Trần Hưng Đạo",
    "Nguyễn Thái Học",
    "Hồ Hoàn Kiếm",
    "Số tầng",
    "Hà Nội",
)

# As published: the converters' own examples and Wikipedia's articles on TCVN3 and VNI.
PUBLISHED = [
    ("tcvn3", "Hµ Néi", "Hà Nội"),
    ("tcvn3", "B¶o Th¾ng", "Bảo Thắng"),
    ("tcvn3", "Mêng Kh¬ng".replace("Mê", "M\xadê").replace("Kh¬", "Kh\xad¬"), "Mường Khương"),
    ("tcvn3", "B¸t X¸t", "Bát Xát"),
    ("tcvn3", "§\xadêng", "Đường"),
    ("tcvn3", "NguyÔn", "Nguyễn"),
    ("tcvn3", "Phè Hµng Bµi", "Phố Hàng Bài"),
    ("vni", "Haø Noäi", "Hà Nội"),
    ("vni", "Xin chaøo caùc baïn", "Xin chào các bạn"),
    ("vni", "Nguyeãn", "Nguyễn"),
    ("vni", "Ñöôøng", "Đường"),
    ("vni", "Phoá Haøng Baøi", "Phố Hàng Bài"),
    ("vni", "HAØ NOÄI", "HÀ NỘI"),
    ("vni", "Vieät Nam", "Việt Nam"),
]


@pytest.mark.parametrize(("encoding", "latin", "expected"), PUBLISHED)
def test_published_samples_are_read(encoding, latin, expected):
    assert decoded(latin.encode("latin-1"), encoding) == expected
    assert mended(latin, encoding) == expected


@pytest.mark.parametrize("encoding", ["utf-8", "cp1258", "vni"])
@given(text=st.text(alphabet=ALPHABET + ASCII + "ABCXYZ"))
def test_every_letter_survives_a_round_trip(encoding, text):
    assert decoded(encoded(text, encoding), encoding) == text


@given(text=st.text(alphabet=LOWER + ASCII + "ĂÂÊÔƠƯĐ"))
def test_every_letter_that_tcvn3_has_survives_a_round_trip(text):
    assert decoded(encoded(text, "tcvn3"), "tcvn3") == text


@given(text=st.text(alphabet=ALPHABET))
def test_decomposed_letters_are_composed(text):
    assert decoded(unicodedata.normalize("NFD", text).encode(), "utf-8") == text
    assert mended(unicodedata.normalize("NFD", text), "") == text


def test_cp1258_agrees_with_python_but_is_composed():
    raw = "Hà Nô\u0323i".encode("cp1258")
    assert decoded(raw, "cp1258") == "Hà Nội"
    assert raw.decode("cp1258") != "Hà Nội"


@pytest.mark.parametrize("encoding", ["utf-8", "cp1258", "tcvn3", "vni"])
def test_streets_of_hanoi_betray_their_encoding(encoding):
    found = detect(encoded(street, encoding) for street in STREETS)
    assert found.encoding == encoding
    assert found.confidence > 0.5


@pytest.mark.parametrize("encoding", ["utf-8", "tcvn3", "vni", "cp1258"])
@pytest.mark.parametrize("taken_for", ["latin-1", "cp1252"])
def test_texts_taken_for_latin_are_put_right(encoding, taken_for):
    if (encoding, taken_for) == ("utf-8", "cp1252"):
        streets = ("Phố Hàng", "Trần Hưng", "Hồ Hoàn Kiếm")  # bytes that CP1252 has
    else:
        streets = STREETS
    mangled = [encoded(street, encoding).decode(taken_for) for street in streets]
    found = unmangled(mangled)
    assert found.encoding == encoding
    assert tuple(mended(text, found.encoding) for text in mangled) == streets


def test_right_texts_are_left_alone():
    assert unmangled(STREETS).encoding == ""
    assert tuple(mended(street, "") for street in STREETS) == STREETS


WESTERN = {
    "sv": ["Göteborg", "Förskola", "Södra vägen", "Änggården", "Kårhus", "Småhus", "Bostad"],
    "de": ["Straße", "Grünfläche", "Gebäude", "Höhe", "Schönbrunn", "Fußweg", "über"],
    "fr": ["Église", "Château", "où", "là", "Hôtel de ville", "Noël", "forêt", "l’été"],
    "es": ["Peñón", "Ibáñez", "Estación", "corazón", "camión"],
}


@pytest.mark.parametrize("language", WESTERN)
def test_western_languages_are_not_taken_for_vietnamese(language):
    texts = WESTERN[language]
    assert detect(text.encode("cp1252") for text in texts).encoding in ("latin-1", "cp1252")
    assert unmangled(texts).encoding == ""


@pytest.mark.parametrize("word", ["Må", "På", "Öl", "Né"])
def test_one_short_word_proves_nothing(word):
    assert detect([word.encode("latin-1")]).encoding == "latin-1"


def test_ascii_is_utf8_for_sure():
    assert detect([b"Hang Bai", b""]) == ("utf-8", 1.0)


def test_a_letter_cut_off_by_a_narrow_field_does_not_hide_utf8():
    texts = [street.encode() for street in STREETS] + ["Phố Huế".encode()[:-1]]
    assert detect(texts).encoding == "utf-8"
    assert decoded(texts[-1], "utf-8") == "Phố Hu"


def test_capitals_of_tcvn3_fonts_become_capitals():
    assert decoded("Hµ NéI".encode("latin-1"), "tcvn3") == "HÀ NỘI"
    assert decoded("X· A".encode("latin-1"), "tcvn3") == "Xã A"


def test_a_right_text_among_mangled_ones_stays():
    assert mended("Hà", "tcvn3") == "Hà"
    assert mended("Nguyễn", "tcvn3") == "Nguyễn"


@pytest.mark.parametrize(
    "word", ["Nguyễn", "nghiêng", "quốc", "Giếng", "khuya", "HÀ", "ươm", "thuở"]
)
def test_syllables_are_known(word):
    assert is_syllable(word)


@pytest.mark.parametrize("word", ["Göteborg", "hàt", "hảc", "Fồ", "sjử", "nơịi", "hÀ"])
def test_impossible_syllables_are_refused(word):
    assert not is_syllable(word)


def test_names_of_encodings_are_forgiving():
    assert known_encoding("ABC") == "tcvn3"
    assert known_encoding("Windows-1258") == "cp1258"
    with pytest.raises(ReadError, match="not known"):
        known_encoding("klingon")


@pytest.mark.data
def test_goteborg_is_latin_and_swedish(data):
    table = (data / "goteborg/buildings.dbf").read_bytes()
    texts = [row for row in table.split(b"  ") if not row.isascii()]
    assert texts
    assert detect(texts).encoding in ("latin-1", "cp1252", "utf-8")


@pytest.mark.data
@pytest.mark.parametrize("encoding", ["utf-8", "cp1258", "tcvn3", "vni"])
def test_every_handful_of_real_street_names_betrays_its_encoding(data, encoding):
    import pyogrio

    frame = pyogrio.read_dataframe(data / "hanoi/osm/centre_roads.gpkg", read_geometry=False)
    names = sorted({name for name in frame["name"] if isinstance(name, str) and not name.isascii()})
    latin_or_vietnamese = set(ALPHABET) | set(map(chr, range(128)))
    names = [name for name in names if set(name) <= latin_or_vietnamese]
    assert len(names) > 200
    for start in range(0, len(names) - 5, 5):
        handful = names[start : start + 5]
        raw = [encoded(name, encoding) for name in handful]
        found = detect(raw)
        assert found.encoding == encoding, handful
        back = [decoded(text, encoding) for text in raw]
        if encoding == "tcvn3":  # it has no capitals with a tone
            assert [text.casefold() for text in back] == [name.casefold() for name in handful]
        else:
            assert back == handful
            assert unmangled(handful).encoding == ""
