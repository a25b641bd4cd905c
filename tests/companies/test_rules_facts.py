"""Which of several dated reports to believe, and 法人番号."""

from dataclasses import fields
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.jp import cn

from marketplace.companies.enums import EntityKind, FactSource, HolderSize, JsicRevision
from marketplace.companies.rules import (
    Facts,
    Holding,
    Provenance,
    Snapshot,
    corporate_number_check_digit,
    corporate_number_is_valid,
    format_corporate_number,
    merge,
)

OLD, NEW = date(2024, 4, 1), date(2026, 4, 1)


def snapshot(source, as_of, **facts):
    return Snapshot(source=FactSource(source), as_of=as_of, facts=Facts(**facts))


def test_merge_takes_each_fact_from_its_newest_report():
    merged = merge(
        [
            snapshot("declared", NEW, employees=120),
            snapshot("register", OLD, capital_yen=10_000_000, employees=90, entity_kind=EntityKind.GODO),
        ]
    )

    assert merged.facts == Facts(capital_yen=10_000_000, employees=120, entity_kind=EntityKind.GODO)
    assert merged.provenance == {
        "capital_yen": Provenance(source=FactSource.REGISTER, as_of=OLD),
        "employees": Provenance(source=FactSource.DECLARED, as_of=NEW),
        "entity_kind": Provenance(source=FactSource.REGISTER, as_of=OLD),
    }


@pytest.mark.parametrize(
    ("weaker", "stronger"), [("declared", "gbizinfo"), ("gbizinfo", "register"), ("register", "document")]
)
def test_merge_of_one_day_believes_the_better_evidence(weaker, stronger):
    better, worse = snapshot(stronger, NEW, capital_yen=2), snapshot(weaker, NEW, capital_yen=1)

    assert merge([better, worse]).facts.capital_yen == merge([worse, better]).facts.capital_yen == 2


def test_merge_of_equal_reports_takes_the_one_given_last():
    assert merge([snapshot("declared", NEW, employees=1), snapshot("declared", NEW, employees=2)]).facts.employees == 2


def test_merge_tells_zero_from_not_told():
    merged = merge(
        [
            snapshot("declared", OLD, capital_yen=5, employees=5, technology_statement="あり"),
            snapshot("declared", NEW, capital_yen=0, employees=None, technology_statement=""),
        ]
    )

    assert (merged.facts.capital_yen, merged.facts.employees, merged.facts.technology_statement) == (0, 5, "")


def test_merge_never_reads_a_code_under_another_snapshots_revision():
    merged = merge(
        [
            snapshot("declared", OLD, jsic_code="391", jsic_revision=JsicRevision.REV13),
            snapshot("declared", NEW, jsic_code="401"),
        ]
    )

    assert (merged.facts.jsic_code, merged.facts.jsic_revision) == ("401", None)
    assert set(merged.provenance) == {"jsic_code"}


def test_merge_takes_a_code_together_with_its_revision():
    merged = merge(
        [
            snapshot("declared", OLD, jsic_code="391", jsic_revision=JsicRevision.REV13),
            snapshot("declared", NEW, jsic_revision=JsicRevision.REV14),
        ]
    )

    assert (merged.facts.jsic_code, merged.facts.jsic_revision) == ("391", JsicRevision.REV13)
    assert set(merged.provenance) == {"jsic_code", "jsic_revision"}


def test_merge_takes_a_list_as_a_whole():
    first, second = (Holding(name=name, share=Fraction(1, 2), size=HolderSize.SME) for name in ("甲社", "乙社"))

    merged = merge(
        [snapshot("declared", OLD, shareholders=(first,)), snapshot("document", NEW, shareholders=(second,))]
    )

    assert merged.facts.shareholders == (second,)


def test_merge_of_nothing_tells_nothing():
    assert merge([]).facts == Facts()
    assert merge([]).provenance == {}


snapshots = st.builds(
    Snapshot,
    source=st.sampled_from(FactSource),
    as_of=st.dates(date(2024, 1, 1), date(2024, 1, 9)),
    facts=st.builds(
        Facts,
        capital_yen=st.none() | st.integers(0, 9),
        employees=st.none() | st.integers(0, 9),
        established_on=st.none() | st.dates(),
    ),
)


@given(st.lists(snapshots, unique_by=lambda each: (each.as_of, each.source)), st.randoms())
def test_merge_order_of_recording_never_matters_between_different_reports(reports, random):
    shuffled = list(reports)
    random.shuffle(shuffled)

    assert merge(shuffled) == merge(reports)


@given(st.lists(snapshots))
def test_merge_provenance_points_at_a_report_that_says_so(reports):
    merged = merge(reports)
    told = {field.name for field in fields(Facts) if getattr(merged.facts, field.name) is not None}

    assert set(merged.provenance) == told
    for name, origin in merged.provenance.items():
        assert any(
            (each.source, each.as_of, getattr(each.facts, name))
            == (origin.source, origin.as_of, getattr(merged.facts, name))
            for each in reports
        )


@pytest.mark.parametrize("number", ["7000012050002", "1180301018771"])
def test_corporate_number_valid(number):
    assert corporate_number_is_valid(number)


@pytest.mark.parametrize(
    "number",
    [
        "1234567890123",
        "5000012050001",
        "5000012090001",
        "2710100718279",
        "700001205000",
        "70000120500022",
        "７００００１２０５０００２",
        "7000012O50002",
        "",
    ],
)
def test_corporate_number_invalid(number):
    assert not corporate_number_is_valid(number)


def test_corporate_number_check_digit_of_the_published_sample():
    assert corporate_number_check_digit("710100718279") == 9
    with pytest.raises(ValueError, match="twelve digits"):
        corporate_number_check_digit("71010071827")


@given(st.integers(0, 10**12 - 1).map("{:012}".format))
def test_corporate_number_agrees_with_an_independent_implementation(base):
    number = f"{corporate_number_check_digit(base)}{base}"

    assert corporate_number_is_valid(number)
    assert cn.is_valid(number)
    assert [digit for digit in "0123456789" if corporate_number_is_valid(digit + base)] == [number[0]]


@given(st.from_regex(r"[0-9]{13}", fullmatch=True))
def test_corporate_number_verdict_agrees_with_an_independent_implementation(number):
    assert corporate_number_is_valid(number) == cn.is_valid(number)


def test_corporate_number_is_grouped_for_reading():
    assert format_corporate_number("7000012050002") == "7-0000-1205-0002"
    assert format_corporate_number("S0001") == "S0001"
