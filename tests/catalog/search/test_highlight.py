import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from catalog.search.highlight import matches, segments, snippet
from catalog.search.normalise import canonical, fold_with_offsets


def marked(text, *terms):
    return "".join(f"[{piece}]" if hit else piece for piece, hit in segments(text, terms))


@pytest.mark.parametrize(
    ("text", "terms", "expected"),
    [
        ("勤怠管理システム", ("勤怠",), "[勤怠]管理システム"),
        ("ｻｰﾊﾞｰの更新", ("サーバ",), "[ｻｰﾊﾞｰ]の更新"),
        ("サーバーレス", ("サーバ",), "[サーバ]ーレス"),
        ("ＡＩで要約", ("ai",), "[ＡＩ]で要約"),
        ("Kubernetes対応", ("kuber",), "[Kuber]netes対応"),
        ("Online と LINE", ("line",), "Online と [LINE]"),
        ("㈱みらい", ("株",), "[㈱]みらい"),
        ("Google-Cloud", ("google cloud",), "[Google-Cloud]"),
        ("データ連携・分析", ("データ連携 分析",), "[データ連携・分析]"),
        ("勤怠管理", ("勤怠", "怠管"), "[勤怠]管理"),
        ("プランA、プランAB", ("プランa",), "[プランA]、プランAB"),
        ("か\u3099く", ("がく",), "[か\u3099く]"),
        ("何もない", ("勤怠",), "何もない"),
        ("何もない", (), "何もない"),
        ("", ("勤怠",), ""),
        ("<b>勤怠</b>", ("勤怠",), "<b>[勤怠]</b>"),
    ],
)
def test_segments(text, terms, expected):
    assert marked(text, *terms) == expected


@given(
    st.text("勤怠管理ｻｰﾊﾞﾟサーバーAiＡ 1-・㈱\u3099", max_size=40), st.text("勤怠サーバーai1 ", min_size=1, max_size=4)
)
@example("サ-", "ー")  # a dash is a long vowel because of what stands before it
def test_segments_joined_are_the_text_and_each_match_folds_to_the_term(text, typed):
    term = canonical(typed)
    if not term:
        return
    assert "".join(piece for piece, _ in segments(text, [term])) == text
    folded = fold_with_offsets(text)
    for start, end in matches(text, [term]):
        within = "".join(c for place, c in enumerate(folded.text) if start <= folded.origin(place, place + 1)[0] < end)
        assert term in canonical(within)


def test_snippet_shows_the_first_match_and_says_what_it_leaves_out():
    text = "あ" * 300 + "勤怠管理" + "い" * 300
    pieces = snippet(text, ["勤怠管理"], width=60)
    assert pieces[0] == pieces[-1] == ("…", False)
    assert ("勤怠管理", True) in pieces
    assert len("".join(piece for piece, _ in pieces)) == 62


def test_snippet_of_a_short_text_is_the_text():
    assert snippet("勤怠を管理", ["管理"]) == [("勤怠を", False), ("管理", True)]
    assert snippet("短い説明", ["管理"]) == [("短い説明", False)]
