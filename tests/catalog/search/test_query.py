import pytest

from catalog.search.query import LONGEST_QUERY, MOST_TERMS, Term, parse, take_apart


@pytest.mark.parametrize(
    ("typed", "terms"),
    [
        ("勤怠　打刻", ["勤怠", "打刻"]),
        ("勤怠・給与、予算", ["勤怠", "給与", "予算"]),
        ("Google-Cloud", ["google cloud"]),
        ("AI議事録", ["ai議事録"]),
        ("AI-OCR帳票", ["ai ocr帳票"]),
        ("“勤怠 管理”", ["勤怠 管理"]),
        ("「書かない窓口」対応", ["書かない窓口", "対応"]),
        ('"閉じない', ["閉じない"]),
        ("勤怠 勤怠 キンタイ", ["勤怠", "キンタイ"]),
        ("ｻｰﾊﾞｰ サーバ", ["サーバ"]),
        ("!!! ・・・", []),
        ("'; DROP TABLE--", ["drop", "table"]),
    ],
)
def test_parse_terms(typed, terms):
    assert [term.text for term in parse(typed).terms] == terms


def test_parse_exclusions():
    assert parse("管理 -勤怠 －給与 -“Google Cloud”").terms == (
        Term("管理"),
        Term("勤怠", excluded=True),
        Term("給与", excluded=True),
        Term("google cloud", excluded=True, quoted=True),
    )
    assert parse("e-Tax - x").terms == (Term("e tax"), Term("x"))


def test_parse_cuts_what_is_too_long_and_says_so():
    many = parse(" ".join("勤怠給与予算文書契約会議窓口住民"[i : i + 2] for i in range(12)))
    assert (len(many.terms), many.shortened) == (MOST_TERMS, True)
    long = parse("勤" * (LONGEST_QUERY + 1))
    assert (len(long.typed), long.shortened) == (LONGEST_QUERY, True)
    assert not parse("勤怠").shortened


def test_parse_looks_for_few_single_characters():
    query = parse("管 理 市 町 村 の 勤怠 -税")
    assert ([term.text for term in query.terms], query.shortened) == (["管", "理", "市", "町", "勤怠"], True)


def test_parse_takes_control_characters_for_spaces():
    assert [term.text for term in parse("勤\x00怠\u202e管理\u200bX").terms] == ["勤", "怠", "管理", "x"]


def test_parse_adds_synonyms_but_not_to_phrases_or_exclusions():
    known = {"勤怠": ("タイムカード",)}
    assert parse("勤怠", known).terms == (Term("勤怠", alternatives=("タイムカード",)),)
    assert parse('"勤怠"', known).terms == (Term("勤怠", quoted=True),)
    assert parse("-勤怠", known).terms == (Term("勤怠", excluded=True),)


def test_literal_of_facets_and_words():
    query = parse("税 -ai")
    assert query.anywhere(["'@sme:yes'"]) == "('税':*) & '@sme:yes' & !(('ai':*))"
    assert parse("").anywhere() == "'@'"


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("勤怠管理システム", ["勤怠管理"]),
        ("クラウド型勤怠管理システム", ["クラウド", "勤怠管理"]),
        ("人工知能議事録", ["人工知能", "議事録"]),
        ("AI議事録", ["ai", "議事録"]),
        ("災害の情報", ["災害", "情報"]),
        ("GビズID連携サービス", ["id", "連携", "ビズ"]),
        ("クラウドサービス", ["クラウドサービス"]),
        ("文書管理", ["文書管理"]),
        ("システム", ["システム"]),
        ('"勤怠管理システム"', ["勤怠管理システム"]),
        ("-勤怠管理システム", ["勤怠管理システム"]),
        ("Google-Cloud", ["google", "cloud"]),
        ("型", ["型"]),
        ("勤怠管理" * 8, ["勤怠管理" * 8]),
    ],
)
def test_compound_is_taken_apart(typed, words):
    known = {"勤怠管理": ("タイムカード",), "人工知能": ("ai",)}
    (term,) = parse(typed).terms
    assert sorted(word.text for word in take_apart(term, known)) == sorted(words)


def test_words_of_a_compound_have_their_synonyms():
    (term,) = parse("勤怠管理システム").terms
    assert take_apart(term, {"勤怠管理": ("タイムカード",)}) == (Term("勤怠管理", alternatives=("タイムカード",)),)


def test_words_in_a_row_may_have_synonyms_together():
    known = {"google workspace": ("グループウェア",), "勤怠": ("タイムカード",)}
    assert parse("Google Workspace 勤怠", known).terms == (
        Term("google workspace", alternatives=("グループウェア",)),
        Term("勤怠", alternatives=("タイムカード",)),
    )
    assert [term.text for term in parse("Google -x Workspace", known).terms] == ["google", "x", "workspace"]
    assert [term.text for term in parse("Google Workspace").terms] == ["google", "workspace"]


def test_hiragana_may_be_a_reading():
    assert parse("きんたい", {}).terms == (Term("きんたい", alternatives=("キンタイ",)),)
    assert parse("きんたい").terms == (Term("きんたい"),)
    assert parse("勤たい", {}).terms == (Term("勤たい"),)
    assert parse('"きんたい"', {}).terms == (Term("きんたい", quoted=True),)
