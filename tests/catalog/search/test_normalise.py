import re
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from catalog.search.normalise import (
    _DASH_FOR_VOWEL,
    _FINAL_VOWEL,
    _alike,
    _offsets,
    canonical,
    fold,
    fold_with_offsets,
)

# What Japanese documents are made of, with what makes folding hard.
TEXT = st.text(
    st.one_of(
        st.sampled_from("サーバーユザコピラ-ー−―‐ｻｰﾊﾞﾟﾞがか゛ヶ髙ＡａＢ１ 　・、。「(㈱①İßſ々〆\u3099\u309a\u0301\n"),
        st.characters(codec="utf-8"),
    ),
    max_size=40,
)


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("ＡＢＣ　１２３", "abc 123"),
        ("ｻｰﾊﾞｰ", "サーバ"),
        ("サーバー", "サーバ"),
        ("サーバーレス", "サーバーレス"),
        ("サーバー更新", "サーバ更新"),
        ("コピー", "コピー"),
        ("エラー", "エラー"),
        ("データベース", "データベース"),
        ("インターフェイス", "インターフェイス"),
        ("サ−バ−", "サーバ"),
        ("ユ-ザ-", "ユーザ"),
        ("ユーザー‐ID", "ユーザ‐id"),
        ("ﾃﾞｰﾀ‐ﾍﾞｰｽ", "データーベース"),
        ("AI-OCR", "ai-ocr"),
        ("第１回", "第1回"),
        ("霞ヶ関", "霞ケ関"),
        ("髙﨑市", "高崎市"),
        ("㈱みらい", "(株)みらい"),
        ("が", "が"),
        ("か\u3099", "が"),
    ],
)
def test_fold(written, folded):
    assert fold(written) == folded


def test_canonical_keeps_letters_and_one_space_between():
    assert canonical("「データ連携・分析」（Google-Cloud）、99.9%_済") == "データ連携 分析 google cloud 99 9 済"
    assert canonical("　・!?\n") == ""


@given(TEXT)
def test_canonical_is_idempotent(text):
    assert canonical(canonical(text)) == canonical(text)


@given(TEXT)
@example("\u1100\u1161 サーバー")
def test_fold_with_offsets_folds_alike_and_covers_the_text_in_order(text):
    folded = fold_with_offsets(text)
    assert folded.text == fold(text)
    origins = [folded.origin(place, place + 1) for place in range(len(folded.text))]
    assert all(0 <= start < end <= len(text) for start, end in origins)
    assert origins == sorted(origins)
    assert all(folded.origin(0, end)[1] == origins[end - 1][1] for end in range(1, len(origins) + 1))


def test_fold_with_offsets_points_at_what_was_written():
    text = "（ｻｰﾊﾞｰ）"
    folded = fold_with_offsets(text)
    start, length = folded.text.index("サーバ"), len("サーバ")
    assert text[slice(*folded.origin(start, start + length))] == "ｻｰﾊﾞｰ"


def test_fold_with_offsets_points_at_what_was_written_behind_vowels_left_out():
    text = "サーバーとｻｰﾊﾞｰとコンピューターの更新"
    folded = fold_with_offsets(text)
    assert folded.text == "サーバとサーバとコンピュータの更新"
    marked = [
        text[slice(*folded.origin(*match.span()))] for match in re.finditer("サーバ|コンピュータ|更新", folded.text)
    ]
    assert marked == ["サーバー", "ｻｰﾊﾞｰ", "コンピューター", "更新"]


def test_fold_agrees_with_nfkc_where_nothing_else_is_folded():
    assert fold("①㍿ﬁ") == unicodedata.normalize("NFKC", "①㍿ﬁ").lower()


@settings(max_examples=400)
@given(TEXT)
def test_offsets_are_the_same_where_they_are_known_at_once(text):
    quick, whole = fold_with_offsets(text), _alike(text)
    starts, ends = _offsets(text, whole)
    if _FINAL_VOWEL.search(_DASH_FOR_VOWEL.sub("ー", whole)) is None:
        origins = [quick.origin(place, place + 1) for place in range(len(quick.text))]
        assert origins == list(zip(starts, ends, strict=True))
    assert quick.text == fold(text)
