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
    assert len(folded.starts) == len(folded.ends) == len(folded.text)
    assert all(0 <= start < end <= len(text) for start, end in zip(folded.starts, folded.ends, strict=True))
    assert list(folded.starts) == sorted(folded.starts)


def test_fold_with_offsets_points_at_what_was_written():
    text = "（ｻｰﾊﾞｰ）"
    folded = fold_with_offsets(text)
    start, length = folded.text.index("サーバ"), len("サーバ")
    assert text[folded.starts[start] : folded.ends[start + length - 1]] == "ｻｰﾊﾞｰ"


def test_fold_agrees_with_nfkc_where_nothing_else_is_folded():
    assert fold("①㍿ﬁ") == unicodedata.normalize("NFKC", "①㍿ﬁ").lower()


@settings(max_examples=400)
@given(TEXT)
def test_offsets_are_the_same_where_they_are_known_at_once(text):
    quick, whole = fold_with_offsets(text), _alike(text)
    starts, ends = _offsets(text, whole)
    if _FINAL_VOWEL.search(_DASH_FOR_VOWEL.sub("ー", whole)) is None:
        assert (list(quick.starts), list(quick.ends)) == (list(starts), list(ends))
    assert quick.text == fold(text)
    assert len(quick.starts) == len(quick.ends) == len(quick.text)
