"""The Vietnamese alphabet in its old code pages, and what a Vietnamese syllable can be.

TCVN3 is the set VN3 of TCVN 5712:1993, known by its fonts as "ABC"; VNI is the two-byte set of the
VNI fonts for Windows. Both put marks where Latin-1 has other letters, so each is a map between
Latin-1 characters and Vietnamese.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_TONED_LOWER = (
    "áàảãạăắằẳẵặâấầẩẫậéèẻẽẹêếềểễệíìỉĩịóòỏõọôốồổỗộơớờởỡợúùủũụưứừửữựýỳỷỹỵđ"  # what is meant
)
_TCVN3_LOWER = "¸µ¶·¹¨¾»¼½Æ©ÊÇÈÉËÐÌÎÏÑªÕÒÓÔÖÝ×ØÜÞãßáâä«èåæçé¬íêëìîóïñòô\xadøõö÷ùýúûüþ®"
ALPHABET = _TONED_LOWER + _TONED_LOWER.upper()
"""Every letter of Vietnamese beyond ASCII, NFC."""

TCVN3: dict[str, str] = {
    **dict(zip(_TCVN3_LOWER, _TONED_LOWER, strict=True)),
    **dict(zip("¡¢£¤¥¦§", "ĂÂÊÔƠƯĐ", strict=True)),
}
"""Latin-1 character → letter. VN3 has no capitals with a tone: the fonts ending in "H" draw the
small letters as capitals instead."""


def _vni() -> dict[str, str]:
    tones = dict(zip("ùøûõï", "\u0301\u0300\u0309\u0303\u0323", strict=True))
    hats = dict(zip("âáàåãä", ("", *"\u0301\u0300\u0309\u0303\u0323"), strict=True))
    breves = dict(zip("êéèúüë", ("", *"\u0301\u0300\u0309\u0303\u0323"), strict=True))
    table = dict(zip("íìæóòôöîñ", "íìỉĩịơưỵđ", strict=True))
    for base, plain in (*zip("aeouy", "aeouy", strict=True), ("ô", "ơ"), ("ö", "ư")):
        for mark, tone in tones.items():
            if (base, mark) != ("y", "ï"):  # ỵ has a code of its own
                table[base + mark] = plain + tone
    for base in "aeo":
        table |= {base + mark: base + "\u0302" + tone for mark, tone in hats.items()}
    table |= {"a" + mark: "a\u0306" + tone for mark, tone in breves.items()}
    composed = {code: unicodedata.normalize("NFC", letter) for code, letter in table.items()}
    capitals = {code.upper(): letter.upper() for code, letter in composed.items()}
    mixed = {code[0].upper() + code[1:]: letter.upper() for code, letter in composed.items()}
    return composed | mixed | capitals


VNI: dict[str, str] = _vni()
"""One or two Latin-1 characters → letter; a capital may carry a mark of either case."""

VNI_CODE = re.compile("|".join(map(re.escape, sorted(VNI, key=len, reverse=True))))

# Words in a row are read more easily than a list of them in quotes.
_ONSETS = "ngh ch gh gi kh ng nh ph qu th tr b c d đ g h k l m n p r s t v x".split()  # noqa: SIM905
_RIMES = frozenset(
    """a ac ach ai am an ang anh ao ap at au ay ăc ăm ăn ăng ăp ăt âc âm ân âng âp ât âu ây ă â
    e ec em en eng eo ep et ê êch êm ên êng ênh êp êt êu
    i ia ich iêc iêm iên iêng iêp iêt iêu im in inh ip it iu
    o oa oac oach oai oam oan oang oanh oao oap oat oay oăc oăm oăn oăng oăt oc oe oen oeo oet oi
    om on ong ooc oong op ot ô ôc ôi ôm ôn ông ôp ôt ơ ơi ơm ơn ơp ơt
    u ua uân uâng uât uây uc uê uêch uênh ui um un ung uôc uôi uôm uôn uông uôt uơ up ut uy uya
    uych uyên uyêt uynh uyt uyu ư ưa ưc ưi ưm ưn ưng ươc ươi ươm ươn ương ươp ươt ươu ưt ưu
    y yêm yên yêng yêt yêu ynh yt ych yp""".split()  # noqa: SIM905  as above
)
_TONES = "\u0301\u0300\u0309\u0303\u0323"
_STOPPED = ("c", "ch", "p", "t")


@lru_cache(maxsize=65536)
def is_syllable(word: str) -> bool:
    """Whether `word` (NFC, no spaces) can be one Vietnamese syllable: onset, rime and tone agree.

    A rime that ends in c, ch, p or t takes only the tones sắc and nặng.
    """
    parts = unicodedata.normalize("NFD", word.lower())
    tones = [c for c in parts if c in _TONES]
    if len(tones) > 1 or not _case_agrees(word):
        return False
    bare = unicodedata.normalize("NFC", "".join(c for c in parts if c not in _TONES))
    for onset in ("", *_ONSETS):
        rime = bare[len(onset) :]
        if bare.startswith(onset) and rime in _RIMES:
            stopped = rime.endswith(_STOPPED) and len(rime) > 1
            return not (stopped and tones and tones[0] not in "\u0301\u0323")
    return False


def _case_agrees(word: str) -> bool:
    """Lower, Capitalised or UPPER; marked letters may be small among capitals (see `TCVN3`)."""
    capitals = any(c.isupper() for c in word[1:])
    return not capitals or all(c.isupper() for c in word if c.isascii())
