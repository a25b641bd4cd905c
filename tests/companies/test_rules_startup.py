"""Age by 民法第143条, the startup as a whole, its wording, and its stored form."""

import json
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from marketplace.companies import wording
from marketplace.companies.enums import Answer, EntityKind, HolderSize, JsicRevision, Question
from marketplace.companies.rules import (
    Facts,
    Holding,
    NoRuleInForce,
    Officer,
    Verdict,
    age_reached_on,
    age_under,
    startup,
    startup_definition,
)

YES, NO, CANNOT_TELL = Answer.YES, Answer.NO, Answer.CANNOT_TELL
TODAY = date(2026, 11, 23)
TEN_YEARS = startup_definition(TODAY)
YOUNG = Facts(
    entity_kind=EntityKind.KABUSHIKI,
    capital_yen=30_000_000,
    employees=45,
    jsic_code="391",
    jsic_revision=JsicRevision.REV14,
    established_on=date(2019, 4, 1),
    shareholders=(Holding(name="山田太郎", share=Fraction(1), size=HolderSize.INDIVIDUAL),),
    officers=(Officer(name="山田太郎", at_large=False, at_deemed_large_sme=False),),
    technology_statement="住民記録の異動届を音声で受け付ける技術を持ち、この契約を実績に全国へ広げる。",
)


@pytest.mark.parametrize(
    ("established", "reference", "years", "expected"),
    [
        ("2016-11-24", "2026-11-23", 10, YES),
        ("2016-11-24", "2026-11-24", 10, NO),
        ("2016-11-24", "2026-11-24", 15, YES),
        ("2011-11-24", "2026-11-23", 15, YES),
        ("2011-11-24", "2026-11-24", 15, NO),
        ("2016-02-29", "2026-02-28", 10, YES),  # no 29 February: the period ends with the month
        ("2016-02-29", "2026-03-01", 10, NO),
        ("2012-02-29", "2032-02-28", 20, YES),
        ("2012-02-29", "2032-02-29", 20, NO),
        ("2016-02-28", "2026-02-27", 10, YES),
        ("2016-02-28", "2026-02-28", 10, NO),
        ("2016-03-01", "2026-02-28", 10, YES),
        ("2016-12-31", "2026-12-30", 10, YES),
        ("2016-12-31", "2026-12-31", 10, NO),
        ("2026-11-23", "2026-11-23", 10, YES),  # founded on the day itself
    ],
)
def test_age_at_the_anniversary(established, reference, years, expected):
    verdict = age_under(date.fromisoformat(established), date.fromisoformat(reference), years)

    assert verdict.answer == expected


def test_age_not_told_is_missing():
    assert age_under(None, TODAY, 10).missing == ("established_on",)


def test_age_of_a_company_founded_after_the_reference_date_is_a_fault_in_the_dates():
    verdict = age_under(TODAY + timedelta(days=1), TODAY, 10)

    assert (verdict.answer, verdict.missing) == (CANNOT_TELL, ("established_on",))


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)), st.integers(1, 50))
def test_age_is_reached_exactly_once(established_on, years):
    reached = age_reached_on(established_on, years)

    assert age_under(established_on, reached - timedelta(days=1), years).answer == YES
    assert age_under(established_on, reached, years).answer == NO
    assert established_on.year + years == reached.year


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)), st.integers(0, 4000))
def test_age_the_younger_company_never_reaches_first(established_on, days):
    assert age_reached_on(established_on, 10) <= age_reached_on(established_on + timedelta(days=days), 10)


def test_startup_yes_shows_every_part():
    verdict = startup(YOUNG, TODAY, TEN_YEARS, statement_required=True)

    assert verdict.answer == YES
    assert [(part.question, part.answer) for part in verdict.parts] == [
        (Question.SME, YES),
        (Question.DEEMED_LARGE, NO),
        (Question.AGE, YES),
        (Question.STATEMENT, YES),
    ]
    assert verdict.part(Question.AGE).reasons[0].params["reached_on"] == "2029-04-01"


@pytest.mark.parametrize(
    "changed",
    [
        {"capital_yen": 50_000_001, "employees": 101},
        {"shareholders": (Holding(name="甲社", share=Fraction(1), size=HolderSize.LARGE),)},
        {"officers": (Officer(at_large=True),)},
        {"established_on": date(2016, 11, 23)},
        {"entity_kind": EntityKind.NPO},
        {"technology_statement": " \n"},
    ],
)
def test_startup_no_if_one_condition_fails(changed):
    """A failing condition settles it, so nothing else is asked for."""
    verdict = startup(
        replace(YOUNG, **{"officers": None, **changed}),
        TODAY,
        TEN_YEARS,
        statement_required=True,
    )

    assert (verdict.answer, verdict.missing) == (NO, ())


@pytest.mark.parametrize(
    ("not_told", "missing"),
    [
        ({"entity_kind": None}, ("entity_kind",)),
        ({"capital_yen": None, "employees": None}, ("capital_yen", "employees")),
        ({"shareholders": None}, ("shareholders",)),
        ({"officers": None}, ("officers",)),
        ({"established_on": None}, ("established_on",)),
        ({"technology_statement": None}, ("technology_statement",)),
        ({"established_on": None, "officers": None}, ("officers", "established_on")),
    ],
)
def test_startup_cannot_tell_names_what_is_missing(not_told, missing):
    verdict = startup(replace(YOUNG, **not_told), TODAY, TEN_YEARS, statement_required=True)

    assert (verdict.answer, verdict.missing) == (CANNOT_TELL, missing)


def test_startup_badge_needs_no_statement():
    silent = replace(YOUNG, technology_statement=None)

    assert startup(silent, TODAY, TEN_YEARS).answer == YES
    assert startup(silent, TODAY, TEN_YEARS, statement_required=True).answer == CANNOT_TELL


def test_startup_at_ten_years_is_one_where_the_tender_says_fifteen():
    older = replace(YOUNG, established_on=date(2014, 4, 1))

    assert startup(older, TODAY, TEN_YEARS).answer == NO
    assert startup(older, TODAY, startup_definition(TODAY, years=15)).answer == YES


def test_startup_is_measured_by_the_limits_of_the_reference_date():
    with pytest.raises(NoRuleInForce):
        startup(YOUNG, date(1999, 12, 2), TEN_YEARS)


def test_startup_definition_carries_its_source_and_confidence():
    assert (TEN_YEARS.id, TEN_YEARS.years, TEN_YEARS.confidence) == ("digital-startup-2024", 10, "B")
    assert "デジタル・スタートアップ" in TEN_YEARS.source


def test_startup_definition_refuses_what_the_scheme_does_not_allow():
    with pytest.raises(NoRuleInForce):
        startup_definition(date(2024, 3, 31))
    with pytest.raises(ValueError, match="15"):
        startup_definition(TODAY, years=20)


def test_verdict_comes_back_from_its_stored_form():
    verdict = startup(replace(YOUNG, officers=None, jsic_code=None), TODAY, TEN_YEARS, statement_required=True)

    stored = json.loads(json.dumps(verdict.as_dict()))

    assert Verdict.from_dict(stored) == verdict


# --- Wording ---


def variations():
    """Facts that between them bring out every sentence."""
    foreign = Holding(name="Acme Inc.", share=Fraction(1, 2), foreign=True)
    caught = Holding(name="乙社", share=Fraction(1), size=HolderSize.DEEMED_LARGE_SME)
    large = Holding(name="甲社", share=Fraction(2, 3), size=HolderSize.LARGE)
    person = YOUNG.shareholders[0]
    changes = [
        {},
        *({"entity_kind": kind} for kind in (None, EntityKind.OTHER, EntityKind.SOLE_PROPRIETOR, EntityKind.NPO)),
        {"jsic_code": None},
        {"jsic_code": "99"},
        {"jsic_code": "41"},
        {"capital_yen": 60_000_000, "employees": 200},
        *({"jsic_code": code, "capital_yen": 60_000_000, "employees": 200} for code in (None, "99", "41")),
        {"capital_yen": None, "employees": None},
        {"shareholders": (large, replace(person, share=Fraction(1, 3)))},
        {"shareholders": (foreign, replace(person, share=Fraction(1, 2)))},
        {"shareholders": (caught,)},
        {"shareholders": (caught, large)},
        {"shareholders": (replace(foreign, share=Fraction(1)),)},
        *({"officers": (Officer(at_large=post, at_deemed_large_sme=post),)} for post in (True, None)),
        {"officers": None},
        {"established_on": None},
        {"established_on": date(2000, 1, 1)},
        {"established_on": date(2030, 1, 1)},
        {"technology_statement": None},
        {"technology_statement": ""},
    ]
    return [startup(replace(YOUNG, **change), TODAY, TEN_YEARS, statement_required=True) for change in changes]


def reasons_of(verdict):
    return [*verdict.reasons, *(reason for part in verdict.parts for reason in reasons_of(part))]


def test_wording_has_a_sentence_for_every_reason_and_no_other():
    seen = {reason.code for verdict in variations() for reason in reasons_of(verdict)}

    assert seen == set(wording.SENTENCES)


def test_wording_names_every_missing_fact():
    seen = {name for verdict in variations() for name in verdict.missing}

    assert seen == set(wording.FACTS) - {"jsic_revision"}


def test_wording_explains_a_refusal_in_order():
    facts = replace(
        YOUNG,
        capital_yen=50_000_001,
        shareholders=(Holding(name="甲社", share=Fraction(2, 3), size=HolderSize.LARGE),),
        established_on=date(2016, 11, 24),
    )
    with translation.override("ja"):
        explanation = wording.explain(startup(facts, date(2026, 11, 24), TEN_YEARS))

    assert (explanation.heading, explanation.outcome) == ("スタートアップである", "非該当")
    assert [step.text for step in explanation.steps] == [
        "中小企業者であり、みなし大企業でなく、2026年11月24日に設立10年未満であることを確かめます。"
    ]
    sme, deemed_large, age = explanation.parts
    assert [step.text for step in sme.steps] == [
        "株式会社は「会社」に当たります。資本金か従業員数のどちらかが基準以下なら中小企業者です。",
        "日本標準産業分類391は「サービス業」に当たります。",
        "資本金（出資の総額）50,000,001円は、サービス業の基準50,000,000円を超えます。",
        "常時使用する従業員45人は、サービス業の基準100人以下です。",
    ]
    assert deemed_large.steps[0].text == (
        "大企業「甲社」が株式の2/3（約66.66％）を持ち、基準1（1社で50％以上）に当たります。"
    )
    assert [step.text for step in age.steps] == [
        "2016年11月24日の設立から2026年11月24日に10年がたち、基準日2026年11月24日には超えています。"
    ]


def test_wording_names_holders_of_unknown_size_and_what_to_supply():
    holders = tuple(Holding(name=name, share=Fraction(1, 2)) for name in ("甲社", "乙社"))
    with translation.override("ja"):
        explanation = wording.explain(startup(replace(YOUNG, shareholders=holders), TODAY, TEN_YEARS))

    assert explanation.missing == ("株主の企業規模",)
    assert explanation.parts[1].steps[0].text.endswith("企業規模が不明な株主：甲社、乙社。")


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (Fraction(0), "0％"),
        (Fraction(1), "100％"),
        (Fraction(1, 2), "50％"),
        (Fraction(499, 1000), "49.9％"),
        (Fraction(2, 3), "2/3（約66.66％）"),
        (Fraction(19999, 40000), "19999/40000（約49.99％）"),  # never shown as the 50 % it does not reach
    ],
)
def test_wording_of_a_share_never_rounds_up(share, expected):
    with translation.override("ja"):
        assert wording.share_text(share) == expected
