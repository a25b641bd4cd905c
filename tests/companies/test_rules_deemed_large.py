"""みなし大企業: the five tests at their limits, with everything told and with parts of it."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.companies.enums import Answer, EntityKind, HolderSize
from marketplace.companies.rules import Facts, Holding, Officer, all_deemed_large_rules, deemed_large

YES, NO, CANNOT_TELL = Answer.YES, Answer.NO, Answer.CANNOT_TELL
RULE = all_deemed_large_rules()[-1]
FREE = Officer(at_large=False, at_deemed_large_sme=False)


def owned(*holdings, officers=(FREE,)):
    """A company whose holders are given as (share, size) and named by their position."""
    shareholders = tuple(
        Holding(name=f"株主{number}", share=Fraction(share), size=HolderSize(size))
        for number, (share, size) in enumerate(holdings)
    )
    return Facts(entity_kind=EntityKind.KABUSHIKI, shareholders=shareholders, officers=officers)


def run_by(*officers):
    return owned(("1", "individual"), officers=officers)


def answers(facts, rule=None):
    return {reason.rule: reason.answer for reason in deemed_large(facts, rule).reasons if reason.answer}


@pytest.mark.parametrize(
    ("holdings", "expected"),
    [
        ([("1/2", "large"), ("1/2", "individual")], YES),
        ([("4999/10000", "large"), ("5001/10000", "individual")], NO),
        ([("0.499", "large"), ("0.167", "large"), ("0.334", "individual")], NO),  # 66.6 % is below two thirds
        ([("1/3", "large"), ("1/3", "large"), ("1/3", "individual")], YES),  # exactly two thirds
        ([("0.499", "large"), ("0.168", "large"), ("0.333", "individual")], YES),
        ([("1", "individual")], NO),
        ([("1", "sme")], NO),
        ([("1", "investment_exempt")], NO),
        ([("1", "deemed_large_sme")], YES),
        ([("1/2", "deemed_large_sme"), ("1/2", "deemed_large_sme")], YES),
        ([("999/1000", "deemed_large_sme"), ("1/1000", "individual")], NO),  # test 4 wants all of them
        ([("1/4", "large"), ("3/4", "deemed_large_sme")], NO),  # nor do tests 2 and 4 add up
    ],
)
def test_deemed_large_by_owners(holdings, expected):
    assert deemed_large(owned(*holdings)).answer == expected


@pytest.mark.parametrize(
    ("posts", "expected"),
    [
        ([True, True, False, False], YES),
        ([True, True, False, False, False], NO),
        ([True], YES),
        ([False], NO),
        ([True, None, False, False], CANNOT_TELL),
        ([True, None, False, False, False], NO),
        ([True, True, None, None], YES),
        ([None], CANNOT_TELL),
    ],
)
def test_deemed_large_by_officers_at_large_enterprises(posts, expected):
    verdict = deemed_large(run_by(*(Officer(at_large=post, at_deemed_large_sme=False) for post in posts)))

    assert verdict.answer == expected
    assert verdict.missing == (("officer_posts",) if expected == CANNOT_TELL else ())


@pytest.mark.parametrize(
    ("posts", "expected"),
    [
        ([True, True], YES),
        ([True, False], NO),
        ([True, None], CANNOT_TELL),
        ([False, None], NO),
    ],
)
def test_deemed_large_by_officers_at_caught_smes(posts, expected):
    verdict = deemed_large(run_by(*(Officer(at_large=False, at_deemed_large_sme=post) for post in posts)))

    assert verdict.answer == expected


@pytest.mark.parametrize("officers", [None, ()])
def test_deemed_large_officers_not_told(officers):
    """No company is without officers, so an empty list is no answer either."""
    facts = owned(("1", "individual"), officers=officers)

    assert answers(facts)["deemed_large.3"] == answers(facts)["deemed_large.5"] == CANNOT_TELL
    assert deemed_large(facts).missing == ("officers",)


def test_deemed_large_lines_of_one_holder_count_together():
    lines = tuple(
        Holding(name=name, share=Fraction(share), size=HolderSize.LARGE, corporate_number=number)
        for name, share, number in [("甲社", "1/4", "7000012050002"), ("甲株式会社", "1/4", "7000012050002")]
    )
    rest = Holding(name="山田太郎", share=Fraction(1, 2), size=HolderSize.INDIVIDUAL)

    verdict = deemed_large(Facts(shareholders=(*lines, rest), officers=(FREE,)))

    assert verdict.answer == YES
    assert verdict.reasons[0].params["share"] == "1/2"


@pytest.mark.parametrize(
    ("holdings", "expected", "missing"),
    [
        ([], CANNOT_TELL, ("shareholders",)),
        ([("1/2", "large")], YES, ()),  # the known part suffices
        ([("0.51", "individual"), ("0.2", "large")], NO, ()),  # the untold 29 % could not lift it to a half
        ([("0.5", "individual")], CANNOT_TELL, ("shareholders",)),
        ([("0.51", "individual"), ("0.49", "unknown")], NO, ()),
        ([("1/2", "individual"), ("1/2", "unknown")], CANNOT_TELL, ("shareholder_sizes",)),
        ([("1/3", "individual"), ("1/3", "unknown"), ("1/3", "large")], CANNOT_TELL, ("shareholder_sizes",)),
        ([("0.4", "individual"), ("0.3", "unknown")], CANNOT_TELL, ("shareholders", "shareholder_sizes")),
        ([("1", "unknown")], CANNOT_TELL, ("shareholder_sizes",)),
        ([("0", "unknown"), ("1", "individual")], NO, ()),
    ],
)
def test_deemed_large_owners_partly_told(holdings, expected, missing):
    verdict = deemed_large(owned(*holdings))

    assert (verdict.answer, verdict.missing) == (expected, missing)


def test_deemed_large_shareholders_not_told():
    assert deemed_large(Facts(officers=(FREE,))).missing == ("shareholders",)


def test_deemed_large_shares_above_the_whole_decide_nothing():
    verdict = deemed_large(owned(("0.9", "large"), ("0.2", "individual")))

    assert (verdict.answer, verdict.missing) == (CANNOT_TELL, ("shareholders",))
    assert verdict.reasons[0].code == "deemed_large.shares.above_whole"
    assert verdict.reasons[0].params == {"share_total": "11/10"}


def test_deemed_large_investment_companies_count_where_the_rule_says_so():
    facts = owned(("1/2", "investment_exempt"), ("1/2", "individual"))

    assert deemed_large(facts, RULE).answer == NO
    assert deemed_large(facts, replace(RULE, investment_exempt=False)).answer == YES


def test_deemed_large_does_not_ask_a_sole_proprietor_for_owners():
    assert deemed_large(Facts(entity_kind=EntityKind.SOLE_PROPRIETOR)).answer == NO


def test_deemed_large_tells_how_to_size_a_foreign_holder():
    foreign = Holding(name="Acme Inc.", share=Fraction(1), foreign=True)

    codes = [reason.code for reason in deemed_large(Facts(shareholders=(foreign,), officers=(FREE,))).reasons]

    assert "deemed_large.foreign_holder" in codes


def test_holding_keeps_shares_exact():
    with pytest.raises(TypeError):
        Holding(name="甲社", share=0.5)
    with pytest.raises(TypeError):
        Holding.from_dict({"name": "甲社", "share": 0.5})
    with pytest.raises(ValueError, match="between 0 and 1"):
        Holding(name="甲社", share=Fraction(3, 2))


def test_holding_and_officer_come_back_from_their_stored_form():
    holding = Holding(name="甲社", share=Fraction(1, 3), size=HolderSize.LARGE, corporate_number="7000012050002")
    officer = Officer(name="山田太郎", at_large=True)

    assert holding.as_dict()["share"] == "1/3"
    assert Holding.from_dict(holding.as_dict()) == holding
    assert Officer.from_dict(officer.as_dict()) == officer


# --- Properties ---

sizes = st.sampled_from(HolderSize)
posts = st.none() | st.booleans()


@st.composite
def ownerships(draw):
    """Holdings in twelfths, so that halves and thirds are met exactly, adding up to at most the whole."""
    parts = draw(st.lists(st.tuples(st.integers(0, 8), sizes), max_size=5))
    rest, holdings = 12, []
    for number, (part, size) in enumerate(parts):
        holdings.append(Holding(name=f"株主{number}", share=Fraction(min(part, rest), 12), size=size))
        rest -= min(part, rest)
    officers = draw(st.none() | st.lists(st.builds(Officer, at_large=posts, at_deemed_large_sme=posts), max_size=4))
    return Facts(shareholders=tuple(holdings), officers=None if officers is None else tuple(officers))


@given(ownerships(), sizes, sizes, st.booleans(), st.booleans())
def test_deemed_large_once_decided_stays_whatever_else_is_told(facts, size, rest_size, at_large, at_caught):
    """A decided answer survives any size for the unknown, any holder of the untold shares, any posts not told."""
    told = [replace(each, size=size) if each.size == HolderSize.UNKNOWN else each for each in facts.shareholders]
    untold = 1 - sum((each.share for each in told), Fraction(0))
    told.append(Holding(name="その他", share=untold, size=rest_size))
    officers = tuple(
        Officer(
            at_large=at_large if each.at_large is None else each.at_large,
            at_deemed_large_sme=at_caught if each.at_deemed_large_sme is None else each.at_deemed_large_sme,
        )
        for each in facts.officers or (Officer(at_large=at_large, at_deemed_large_sme=at_caught),)
    )

    before = answers(facts)
    after = answers(replace(facts, shareholders=tuple(told), officers=officers))

    assert all(after[test] == answer for test, answer in before.items() if answer != CANNOT_TELL)


@given(ownerships(), st.randoms())
def test_deemed_large_order_of_holders_and_officers_never_matters(facts, random):
    holders, officers = list(facts.shareholders), list(facts.officers or ())
    random.shuffle(holders)
    random.shuffle(officers)
    shuffled = replace(facts, shareholders=tuple(holders), officers=None if facts.officers is None else tuple(officers))

    assert answers(shuffled) == answers(facts)


@given(ownerships())
def test_deemed_large_cannot_tell_always_says_what_is_missing(facts):
    verdict = deemed_large(facts)

    assert bool(verdict.missing) == (verdict.answer == CANNOT_TELL)
