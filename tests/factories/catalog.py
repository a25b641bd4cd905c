"""Listings, smallest first. What must pass through actions (a submission, a review) is made by them in the tests."""

import datetime as dt
from copy import deepcopy

import factory
from django.db import transaction

from catalog import actions
from catalog.enums import OfferKind, ReviewStatus
from catalog.models import Category, Offer, Review, Revision, Software
from marketplace import clock
from tests.factories.accounts import UserFactory
from tests.factories.companies import CompanyFactory, MasterAgreementFactory

CONTENT = {
    "name": "勤怠ひろば",
    "name_kana": "キンタイヒロバ",
    "summary": "職員の出退勤と休暇をまとめて管理します。",
    "description": "出退勤の打刻、休暇の申請、時間外勤務の集計を一つの画面で行えます。",
    "categories": ["attendance"],
    "target_bodies": ["municipality", "prefecture"],
    "delivery": ["public_cloud"],
    "data_location": "japan",
    "data_ownership": True,
    "sign_in": ["saml"],
    "certifications": [{"scheme": "ismap", "number": "C21-0001-2", "expires_on": "2027-12-31"}],
    "integrations": ["gbizid"],
    "api": True,
    "sla": {"availability_percent": "99.9"},
    "support": {"hours": "平日 9:00〜18:00", "channels": ["mail", "phone"]},
    "disclosed_on": "2026-10-01",
}
OFFER_CONTENT = {
    "kind": "direct",
    "price_lines": [
        {
            "item": "基本利用料",
            "timing": "month",
            "unit": "user",
            "amount_yen": "300",
            "from_quantity": 1,
            "to_quantity": None,
            "tax_included": False,
        }
    ],
    "services": ["onboarding"],
}


def content(**changes):
    return deepcopy(CONTENT) | changes


def offer_content(**changes):
    return deepcopy(OFFER_CONTENT) | changes


def category(slug="attendance"):
    """A leaf category under a parent; the tree as the platform seeds it."""
    parent, _ = Category.objects.get_or_create(slug="internal", defaults={"name": "内部事務", "name_en": "Internal"})
    bit = Category.objects.exclude(bit=None).count()
    leaf, _ = Category.objects.get_or_create(
        slug=slug, defaults={"name": "勤怠管理・庶務", "name_en": "Attendance", "parent": parent, "bit": bit}
    )
    return leaf


class SoftwareFactory(factory.django.DjangoModelFactory):
    """Registered, not listed, no content."""

    class Meta:
        model = Software

    maker = factory.SubFactory(CompanyFactory)
    name = "勤怠ひろば"


def listed_software(*, maker=None, sellers=(), now=None, offer=None, **changes):
    """A listed software whose maker sells it directly, and ``sellers`` beside; ``changes`` to its content.

    Written like an approval writes it, without the people an approval takes.
    """
    now = now or clock.now()
    maker = maker or CompanyFactory()
    for slug in changes.get("categories", CONTENT["categories"]):
        category(slug)
    for company in {maker, *sellers}:
        if not company.agreements.exists():
            MasterAgreementFactory(company=company, starts_at=now - dt.timedelta(days=1))
    with transaction.atomic():
        body = content(**changes)
        software = Software.objects.create(maker=maker, name=body["name"])
        review = Review.objects.create(software=software, company=maker, submitted_by=UserFactory(), submitted_at=now)
        revisions = [Revision(software=software, number=1, content=body)]
        for seller in (maker, *sellers):
            kind = OfferKind.DIRECT if seller == maker else OfferKind.RESELLER
            row = Offer.objects.create(software=software, seller=seller, kind=kind)
            revisions.append(
                Revision(
                    software=software, offer=row, number=1, content=offer_content(**(offer or {}), kind=kind.value)
                )
            )
        for revision in revisions:
            revision.review, revision.digest = review, actions.digest(revision.content)
            revision.save()
        actions._publish(review, now=now)
        Review.objects.filter(pk=review.pk).update(status=ReviewStatus.CHECKING)
        Review.objects.filter(pk=review.pk).update(
            status=ReviewStatus.APPROVED, decided_at=now, decided_by=UserFactory()
        )
    return Software.objects.get(pk=software.pk)
