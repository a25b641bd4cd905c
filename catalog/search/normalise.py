"""One spelling for the many ways to write the same Japanese word.

Done here only, never in SQL: the Unicode tables of Python and of each PostgreSQL version differ, and an index and its
queries must agree to the letter. ``fold`` decides which spellings are the same; ``canonical`` also forgets punctuation;
``fold_with_offsets`` remembers where each folded character came from, so that a match can be marked as it was written.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

# What is written in one run without spaces: kana with their marks, and ideographs. 「・」 is no letter: it separates.
CJK = (
    "\u3005-\u3007"  # 々〆〇
    "\u3041-\u3096\u3099\u309a\u309d-\u309f"  # hiragana
    "\u30a1-\u30fa\u30fc-\u30ff"  # katakana and ー
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
)
_WORD = f"(?:(?![{CJK}])[^\\W_])"
RUN = re.compile(f"(?P<cjk>[{CJK}]+)|{_WORD}+")
"""Runs of letters. The group ``cjk`` is set where the run is Japanese; else it is a word of Latin letters or digits."""

_SEPARATORS = re.compile(f"(?:(?![{CJK}])[\\W_])+")

_KANA = "ァ-ヺ"
# Hyphens, dashes and minus signs that people type for the long vowel mark.
_DASHES = "\\-\u2010-\u2015\u2212\u2500\u2501"
# Each looks for the mark first and only then at what stands before it: most texts have few.
_DASH_FOR_VOWEL = re.compile(f"[{_DASHES}](?<=[{_KANA}].)(?![{_DASHES}]|{_WORD})")
# Longer words lose the mark at their end (サーバー = サーバ), as JIS Z 8301 wrote them; short ones (コピー) keep it.
_FINAL_VOWEL = re.compile(f"ー(?<=[{_KANA}ー][{_KANA}ー][{_KANA}].)(?![\u30a0-\u30ff])")
# Variant characters in names and places, and the small ヶ. One to one, so that offsets stay.
_VARIANTS = dict(
    zip("ヵヶ髙﨑濵濱邊邉齋齊澤國廣櫻眞榮嶋龍瀧曾條德", "カケ高崎浜浜辺辺斎斉沢国広桜真栄島竜滝曽条徳", strict=True)
)
_VARIANT = re.compile(f"[{''.join(_VARIANTS)}]")  # few texts have one, and str.translate looks every character up
# Stretches that folding leaves as they are (variants aside), else a character and the marks Unicode fuses with it:
# combining accents, voicing marks in full and half width.
_MARKS = "\u0300-\u036f\u3099\u309a\uff9e\uff9f"
# Where nothing fuses: made alike, such a text can only grow, so one that did not has kept each character's place.
_ONE_TO_ONE = re.compile("[\x00-\u00ff\u2010-\u2027\u3000-\u3098\u309b-\u30ff\u3400-\u9fff\uff01-\uff9d\uffe0-\uffee]*")
_CLUSTER = re.compile(
    f"(?P<same>[ -@\\[-~\u3001-\u3029\u3041-\u3096\u30a1-\u30fe\u4e00-\u9fff]+(?![{_MARKS}]))|.[{_MARKS}]*", re.DOTALL
)


def fold(text: str) -> str:
    """Return ``text`` with width, case, dashes, final long vowels and variant characters made alike.

    >>> fold("ｻｰﾊﾞｰ更新 ＡＢＣ")
    'サーバ更新 abc'
    """
    return _FINAL_VOWEL.sub("", _DASH_FOR_VOWEL.sub("ー", _alike(text)))


def canonical(text: str) -> str:
    """Return the folded letters of ``text``, one space for whatever stood between them: what search compares.

    >>> canonical("「データ連携・分析」（Google-Cloud）")
    'データ連携 分析 google cloud'
    """
    return _SEPARATORS.sub(" ", fold(text)).strip()


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text that knows where it came from."""

    text: str
    _starts: Sequence[int]  # of each character made alike
    _ends: Sequence[int]
    _removed: Sequence[int]  # before which characters of ``text`` a final long vowel was left out

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """The stretch of the original that ``text[start:end]`` stands for, a vowel left out at its end included."""
        first = start + bisect_right(self._removed, start)
        last = end - 1 + bisect_right(self._removed, end)
        return self._starts[first], self._ends[last]


def fold_with_offsets(original: str) -> Folded:
    """Like :func:`fold`, with offsets. Where letters fuse beyond their cluster (Hangul written in parts), every
    character stands for the whole text: too much is marked then, never the wrong thing."""
    whole = _alike(original)
    starts: Sequence[int] = range(len(original))
    ends: Sequence[int] = range(1, len(original) + 1)
    if not (len(whole) == len(original) and _ONE_TO_ONE.fullmatch(original)):
        starts, ends = _offsets(original, whole)
    text = _DASH_FOR_VOWEL.sub("ー", whole)
    removed = [match.start() - before for before, match in enumerate(_FINAL_VOWEL.finditer(text))]
    return Folded(_FINAL_VOWEL.sub("", text) if removed else text, starts, ends, removed)


def _offsets(original: str, whole: str) -> tuple[list[int], list[int]]:
    """Where each character of ``whole``, which is ``original`` made alike, came from."""
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for cluster in _CLUSTER.finditer(original):
        start, end = cluster.span()
        if cluster["same"] is not None:
            pieces.append(_without_variants(cluster["same"]))
            starts += range(start, end)
            ends += range(start + 1, end + 1)
        else:
            piece = _alike_cluster(cluster.group())
            pieces.append(piece)
            starts += [start] * len(piece)
            ends += [end] * len(piece)
    if "".join(pieces) != whole:
        return [0] * len(whole), [len(original)] * len(whole)
    return starts, ends


def _alike(text: str) -> str:
    # Lower case may take letters apart (İ) that NFKC puts together again; twice makes folding idempotent.
    lowered = unicodedata.normalize("NFKC", text).lower()
    return _without_variants(unicodedata.normalize("NFKC", lowered))


_alike_cluster = lru_cache(maxsize=10_000)(_alike)


def _without_variants(text: str) -> str:
    return _VARIANT.sub(lambda match: _VARIANTS[match.group()], text)
