import datetime as dt

import factory

from marketplace import clock
from marketplace.companies.enums import EntityKind, FactSource, JsicRevision
from marketplace.companies.models import Company, FactSnapshot, MasterAgreement


def corporate_number(n):
    """The n-th fictional 法人番号 with a valid check digit (平成26年財務省令第70号第2条)."""
    base = f"{990000000000 + n:012}"
    total = sum(int(digit) * (1 if place % 2 else 2) for place, digit in enumerate(reversed(base), start=1))
    return f"{9 - total % 9}{base}"


class CompanyFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Company

    corporate_number = factory.Sequence(corporate_number)
    name = factory.Sequence(lambda n: f"株式会社みなと情報{n}")
    name_kana = "カブシキガイシャミナトジョウホウ"


class FactSnapshotFactory(factory.django.DjangoModelFactory):
    """A small, young, independent software house: a startup."""

    class Meta:
        model = FactSnapshot

    company = factory.SubFactory(CompanyFactory)
    source = FactSource.DOCUMENT
    as_of = dt.date(2026, 4, 1)
    entity_kind = EntityKind.KABUSHIKI
    established_on = dt.date(2020, 4, 1)
    capital_yen = 10_000_000
    employees = 20
    jsic_code = "391"
    jsic_revision = JsicRevision.REV14
    shareholders = factory.LazyFunction(
        lambda: [{"name": "創業者", "corporate_number": None, "share": "1/1", "size": "individual", "foreign": False}]
    )
    officers = factory.LazyFunction(lambda: [{"name": "代表取締役", "at_large": False, "at_deemed_large_sme": False}])


class MasterAgreementFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = MasterAgreement

    company = factory.SubFactory(CompanyFactory)
    number = factory.Sequence(lambda n: f"基本-{n:05}")
    starts_at = factory.LazyFunction(lambda: clock.now() - dt.timedelta(days=30))

    @factory.lazy_attribute
    def accepted_by(self):
        from tests.factories.accounts import UserFactory

        return UserFactory()
