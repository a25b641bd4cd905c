"""中小企業者 (中小企業基本法第2条第1項): every boundary, partial knowledge, and what can never change the answer."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.companies.enums import Answer, EntityKind, JsicRevision, SmeClass
from marketplace.companies.rules import Facts, NoRuleInForce, sme, sme_classes

YES, NO, CANNOT_TELL = Answer.YES, Answer.NO, Answer.CANNOT_TELL


def company(**facts):
    return Facts(**{"entity_kind": EntityKind.KABUSHIKI, "jsic_revision": JsicRevision.REV13, **facts})


@pytest.mark.parametrize(
    ("jsic", "capital", "employees", "expected"),
    [
        ("391", 50_000_000, 500, YES),  # 情報サービス業 is サービス業: capital alone suffices
        ("391", 50_000_001, 100, YES),
        ("391", 50_000_001, 101, NO),
        ("392", 0, 0, YES),
        ("401", 300_000_000, 5_000, YES),  # インターネット附随サービス業 is 製造業その他
        ("401", 300_000_001, 300, YES),
        ("401", 300_000_001, 301, NO),
        ("5511", 100_000_000, 101, YES),  # 卸売業
        ("5511", 100_000_001, 100, YES),
        ("5511", 100_000_001, 101, NO),
        ("5931", 50_000_000, 51, YES),  # 小売業
        ("5931", 50_000_001, 50, YES),
        ("5931", 50_000_001, 51, NO),
        ("761", 50_000_001, 51, NO),  # 飲食店 counts as 小売業
    ],
)
def test_sme_at_the_limits(jsic, capital, employees, expected):
    assert sme(company(jsic_code=jsic, capital_yen=capital, employees=employees)).answer == expected


@pytest.mark.parametrize(("employees", "expected"), [(100, YES), (101, NO)])
def test_sme_individual_is_measured_by_employees_only(employees, expected):
    person = company(entity_kind=EntityKind.SOLE_PROPRIETOR, jsic_code="391", capital_yen=1, employees=employees)

    assert sme(person).answer == expected


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (EntityKind.KABUSHIKI, YES),
        (EntityKind.YUGEN, YES),
        (EntityKind.GOMEI, YES),
        (EntityKind.GOSHI, YES),
        (EntityKind.GODO, YES),
        (EntityKind.SHIGYO, YES),
        (EntityKind.SOLE_PROPRIETOR, YES),
        (EntityKind.GENERAL_ASSOCIATION, NO),
        (EntityKind.PUBLIC_ASSOCIATION, NO),
        (EntityKind.NPO, NO),
        (EntityKind.MEDICAL, NO),
        (EntityKind.SCHOOL, NO),
        (EntityKind.WELFARE, NO),
        (EntityKind.COOPERATIVE, NO),
        (EntityKind.PUBLIC_BODY, NO),
        (EntityKind.FOREIGN, CANNOT_TELL),
        (EntityKind.OTHER, CANNOT_TELL),
        (None, CANNOT_TELL),
    ],
)
def test_sme_by_kind_of_entity(kind, expected):
    verdict = sme(company(entity_kind=kind, jsic_code="391", capital_yen=1_000_000, employees=3))

    assert verdict.answer == expected
    assert verdict.missing == (("entity_kind",) if expected == CANNOT_TELL else ())


def test_sme_test_covers_every_kind_of_entity():
    told = test_sme_by_kind_of_entity.pytestmark[0].args[1]

    assert {kind for kind, _ in told} == {*EntityKind, None}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("01", "manufacturing"),
        ("06", "manufacturing"),
        ("09", "manufacturing"),
        ("37", "manufacturing"),
        ("38", "service"),
        ("39", "service"),
        ("3911", "service"),
        ("40", "manufacturing"),
        ("4012", "manufacturing"),
        ("411", "service"),
        ("412", "service"),
        ("413", "manufacturing"),
        ("414", "manufacturing"),
        ("4151", "service"),
        ("416", "service"),
        ("49", "manufacturing"),
        ("50", "wholesale"),
        ("55", "wholesale"),
        ("56", "retail"),
        ("61", "retail"),
        ("62", "manufacturing"),
        ("68", "manufacturing"),
        ("692", "manufacturing"),
        ("693", "service"),
        ("6931", "service"),
        ("694", "manufacturing"),
        ("70", "service"),
        ("74", "service"),
        ("75", "service"),
        ("76", "retail"),
        ("77", "retail"),
        ("78", "service"),
        ("791", "manufacturing"),
        ("7911", "manufacturing"),
        ("792", "service"),
        ("80", "service"),
        ("82", "service"),
        ("85", "service"),
        ("87", "service"),
        ("96", "service"),
    ],
)
@pytest.mark.parametrize("revision", [*JsicRevision, None])
def test_industry_code_names_one_class(code, revision, expected):
    assert sme_classes(code, revision) == {SmeClass(expected)}


@pytest.mark.parametrize("code", ["41", "69", "79", "410", "690", "7900"])
def test_industry_code_too_short_names_two_classes(code):
    assert sme_classes(code, JsicRevision.REV13) == {SmeClass.MANUFACTURING, SmeClass.SERVICE}


@pytest.mark.parametrize("code", [None, "00", "97", "9821", "99"])
def test_industry_code_that_tells_nothing_names_every_class(code):
    assert sme_classes(code, JsicRevision.REV14) == set(SmeClass)


@pytest.mark.parametrize(
    ("capital", "employees", "expected", "missing"),
    [
        (None, 100, YES, ()),
        (50_000_000, None, YES, ()),
        (None, 101, CANNOT_TELL, ("capital_yen",)),
        (50_000_001, None, CANNOT_TELL, ("employees",)),
        (None, None, CANNOT_TELL, ("capital_yen", "employees")),
        (0, None, YES, ()),
        (None, 0, YES, ()),
    ],
)
def test_sme_with_one_measure_not_told(capital, employees, expected, missing):
    verdict = sme(company(jsic_code="39", capital_yen=capital, employees=employees))

    assert (verdict.answer, verdict.missing) == (expected, missing)


@pytest.mark.parametrize(
    ("code", "capital", "employees", "expected", "missing"),
    [
        ("41", 50_000_001, 101, CANNOT_TELL, ("jsic_code",)),  # within 製造業その他, above サービス業
        ("41", 50_000_000, 9_999, YES, ()),  # within both
        ("41", 300_000_001, 301, NO, ()),  # above both
        ("69", 60_000_000, 200, CANNOT_TELL, ("jsic_code",)),
        ("79", 60_000_000, None, CANNOT_TELL, ("jsic_code", "employees")),
        (None, 50_000_000, None, YES, ()),
        (None, None, 50, YES, ()),
        (None, None, 51, CANNOT_TELL, ("jsic_code", "capital_yen")),
        (None, 300_000_001, 301, NO, ()),
        ("99", 300_000_000, 301, CANNOT_TELL, ("jsic_code",)),
    ],
)
def test_sme_with_class_not_decided(code, capital, employees, expected, missing):
    verdict = sme(company(jsic_code=code, capital_yen=capital, employees=employees))

    assert (verdict.answer, verdict.missing) == (expected, missing)


def test_sme_cites_entity_class_and_each_measure():
    verdict = sme(company(jsic_code="391", capital_yen=50_000_001, employees=100))

    law = "中小企業基本法第2条第1項第3号"
    assert [(reason.code, reason.answer, reason.source) for reason in verdict.reasons] == [
        ("sme.entity.company", YES, "中小企業基本法（昭和38年法律第154号）第2条第1項"),
        ("sme.industry.known", None, law),
        ("sme.capital.above", NO, law),
        ("sme.employees.within", YES, law),
    ]
    assert [reason.rule for reason in verdict.reasons] == ["sme.entity", "sme.industry", "sme.capital", "sme.employees"]
    assert verdict.reasons[2].params == {
        "capital_yen": 50_000_001,
        "limit_yen": 50_000_000,
        "sme_class": "service",
    }


@pytest.mark.parametrize(
    ("capital", "employees", "shown"),
    [
        (50_000_000, 101, "service"),  # within even the strictest class the code may mean
        (300_000_001, 301, "manufacturing"),  # above even the widest
    ],
)
def test_sme_settled_for_every_class_shows_the_one_that_settles_it(capital, employees, shown):
    verdict = sme(company(jsic_code="41", capital_yen=capital, employees=employees))

    assert verdict.reasons[1].code == "sme.industry.too_short_but_settled"
    assert {reason.params["sme_class"] for reason in verdict.reasons[2:]} == {shown}


def test_sme_before_the_limits_were_set():
    facts = company(jsic_code="391", capital_yen=1, employees=1)

    assert sme(facts, on=date(1999, 12, 3)).answer == YES
    with pytest.raises(NoRuleInForce):
        sme(facts, on=date(1999, 12, 2))


@pytest.mark.parametrize(
    "impossible",
    [
        {"capital_yen": -1},
        {"employees": -1},
        {"capital_yen": 1.5},
        {"employees": True},
        {"jsic_code": "4"},
        {"jsic_code": "G39"},
        {"jsic_code": "39111"},
        {"jsic_code": "３９"},
        {"entity_kind": "company"},
        {"jsic_revision": "12"},
    ],
)
def test_facts_no_company_can_have_are_refused(impossible):
    with pytest.raises(ValueError, match=r"whole number from 0|two to four digits|is not a valid"):
        Facts(**impossible)


# --- Properties ---

yen = st.none() | st.integers(0, 400_000_000) | st.sampled_from([50_000_000, 100_000_000, 300_000_000])
people = st.none() | st.integers(0, 400)
codes = st.none() | st.integers(1, 9999).map(str).filter(lambda code: len(code) > 1)
any_facts = st.builds(
    Facts,
    entity_kind=st.none() | st.sampled_from(EntityKind),
    capital_yen=yen,
    employees=people,
    jsic_code=codes,
    jsic_revision=st.none() | st.sampled_from(JsicRevision),
)


@given(any_facts, st.integers(0, 10**9), st.integers(0, 1000))
def test_sme_growing_never_makes_smaller(facts, more_yen, more_people):
    grown = replace(
        facts,
        capital_yen=None if facts.capital_yen is None else facts.capital_yen + more_yen,
        employees=None if facts.employees is None else facts.employees + more_people,
    )

    before, after = sme(facts).answer, sme(grown).answer

    assert not (before == NO and after != NO)
    assert not (before == CANNOT_TELL and after == YES)


@given(any_facts, st.integers(0, 10**9), st.integers(0, 1000), st.sampled_from(["39", "40", "50", "56", "416"]))
def test_sme_once_decided_stays_whatever_else_is_told(facts, capital, employees, code):
    """The meaning of "cannot tell": a decided answer is never overturned by supplying what was not told."""
    before = sme(facts).answer
    told = replace(
        facts,
        capital_yen=capital if facts.capital_yen is None else facts.capital_yen,
        employees=employees if facts.employees is None else facts.employees,
        jsic_code=code if facts.jsic_code is None else facts.jsic_code,
    )

    if before != CANNOT_TELL:
        assert sme(told).answer == before


@given(any_facts)
def test_sme_cannot_tell_always_says_what_is_missing(facts):
    verdict = sme(facts)

    assert bool(verdict.missing) == (verdict.answer == CANNOT_TELL)
