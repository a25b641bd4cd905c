"""What lies on a vendor's desk: one software as one company sees it, how far it has come, and what to do next."""

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, Q
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from . import content as fields
from . import pricing
from .content import Field, Kind, Missing
from .enums import OPEN_REVIEW_STATUSES, ReviewStatus, SoftwareStatus
from .models import Offer, Review, Revision, Software
from .price_wording import fault_sentence

# A listing that is about to lapse is worth a reminder from here on.
LAPSES_SOON = dt.timedelta(days=120)


@dataclass(frozen=True)
class Completeness:
    """How much of what a submission needs is told. ``wrong``: sentences on what contradicts itself."""

    total: int
    missing: tuple[Missing, ...]
    wrong: tuple[str, ...] = ()

    @property
    def done(self) -> int:
        return self.total - len(self.missing)

    @property
    def is_complete(self) -> bool:
        return not self.missing


def completeness(content: dict, table: tuple[Field, ...]) -> Completeness:
    # Nobody is asked for the kind of an offer: who sells decides it.
    table = tuple(field for field in table if field.name != "kind")
    total = 0
    for field in table:
        rows = fields.get(content, field.name) if field.kind is Kind.LIST else None
        if rows:
            total += len(rows) * sum(part.required for part in field.items)
        elif field.required:
            total += 1
    return Completeness(total, tuple(fields.missing(content, table)), tuple(price_problems(content)))


def price_lines(content: dict) -> list[pricing.PriceLine]:
    """The complete lines of a draft's price table."""
    required = [part.name for part in fields.PRICE_LINE if part.required]
    return [
        pricing.PriceLine.from_dict(line)
        for line in content.get("price_lines") or []
        if not any(fields.is_blank(line.get(name)) for name in required)
    ]


def price_problems(content: dict) -> list[str]:
    lines = price_lines(content)
    if len(lines) < len(content.get("price_lines") or []):
        return []  # line numbers would be wrong; what is missing is told first
    return [fault_sentence(fault) for fault in pricing.faults(lines)] if lines else []


@dataclass(frozen=True)
class Part:
    """The software itself, or the company's offer for it. ``shown``: its draft, or else its newest revision."""

    name: str  # "software" or "offer"
    subject: Any
    draft: Revision | None
    edit_url: str

    @property
    def table(self) -> tuple[Field, ...]:
        return fields.fields_of(self.name == "offer")

    @cached_property
    def completeness(self) -> Completeness | None:
        return completeness(self.draft.content, self.table) if self.draft else None

    @property
    def is_changed(self) -> bool:
        listed = self.subject.listed_revision
        return self.draft is not None and (listed is None or listed.content != self.draft.content)

    @property
    def can_be_discarded(self) -> bool:
        return self.draft is not None and self.subject.listed_revision_id is not None


@dataclass(frozen=True)
class NextStep:
    text: str
    label: str = ""
    url: str = ""
    kind: str = "info"  # of components/notification.html


class Desk:
    """``software`` from ``on_desks``; ``company`` is its maker or a seller of it."""

    def __init__(self, software: Software, company, today: dt.date):
        self.software, self.company, self.today = software, company, today
        self.is_maker = software.maker_id == company.pk
        self.offer = next((each for each in software.own_offers if each.seller_id == company.pk), None)
        self.review = next((each for each in software.newest_reviews if each.company_id == company.pk), None)
        self.url = reverse("catalog:vendor_software", args=[software.reference])

    @property
    def is_under_review(self) -> bool:
        return self.review is not None and self.review.status in OPEN_REVIEW_STATUSES

    @cached_property
    def software_part(self) -> Part | None:
        if not self.is_maker:
            return None
        draft = next((each for each in self.software.draft_revisions if each.offer_id is None), None)
        return Part("software", self.software, draft, self._url("software_edit"))

    @cached_property
    def offer_part(self) -> Part | None:
        if self.offer is None:
            return None
        draft = next((each for each in self.software.draft_revisions if each.offer_id == self.offer.pk), None)
        return Part("offer", self.offer, draft, self._url("offer_edit"))

    @property
    def parts(self) -> list[Part]:
        return [part for part in (self.software_part, self.offer_part) if part is not None]

    @property
    def changed_parts(self) -> list[Part]:
        return [part for part in self.parts if part.is_changed]

    @property
    def is_ready(self) -> bool:
        """Whether a submission would be accepted for its content."""
        return (
            not self.is_under_review
            and self.offer is not None
            and bool(self.changed_parts)
            and all(part.completeness.is_complete for part in self.changed_parts)
        )

    @property
    def lapses_soon(self) -> bool:
        return self.software.status == SoftwareStatus.LISTED and self.software.lapses_on <= self.today + LAPSES_SOON

    @cached_property
    def next_step(self) -> NextStep:
        if self.is_under_review:
            if self.review.status == ReviewStatus.IN_REVIEW:
                text = _("運営が審査しています。結果はお知らせとメールで届きます。")
            else:
                text = _("自動点検中です。1分ほどで終わります。")
            return NextStep(text, _("審査の状況を見る"), self.review.get_absolute_url())
        if self.software.status == SoftwareStatus.SUSPENDED:
            reason = self.software.suspension_reason
            return NextStep(_("掲載が停止されています。理由：%(reason)s") % {"reason": reason}, kind="warning")
        if self.review is not None and self.review.status == ReviewStatus.RETURNED and self.changed_parts:
            text = _("運営から修正のお願いがあります。コメントを確かめて直し、もう一度提出してください。")
            return NextStep(text, _("コメントを見る"), self.review.get_absolute_url(), "warning")
        if self.offer is None:
            text = _("販売サービス（価格表）が登録されていません。1件以上必要です。")
            return NextStep(text, _("価格表を登録する"), self._url("offer_edit"), "warning")
        for part in self.changed_parts:
            if missing := len(part.completeness.missing):
                text = _("未入力の必須項目が%(count)d件あります。") % {"count": missing}
                return NextStep(text, _("入力する"), part.edit_url, "warning")
        if self.changed_parts:
            return NextStep(_("必須項目がそろいました。提出できます。"), _("確かめて提出する"), f"{self.url}#submit")
        return self._step_of_listing()

    def _step_of_listing(self) -> NextStep:
        if self.software.status == SoftwareStatus.LAPSED:
            text = _("掲載期限が切れました。内容を確かめ、情報開示日を新しくして提出してください。")
            return NextStep(text, _("内容を更新する"), self._url("software_edit") if self.is_maker else "", "warning")
        if self.lapses_soon:
            text = _("%(day)sに掲載期限が切れます。内容を確かめ、情報開示日を新しくして提出してください。")
            day = date_format(self.software.lapses_on)
            url = self._url("software_edit") if self.is_maker else ""
            return NextStep(text % {"day": day}, _("内容を更新する"), url, "warning")
        if self.software.status == SoftwareStatus.LISTED:
            return NextStep(_("掲載中です。"), _("掲載ページを見る"), self.software.get_absolute_url(), "success")
        return NextStep(_("下書きを編集して提出してください。"), _("編集する"), self._url("software_edit"))

    def _url(self, name: str) -> str:
        return reverse(f"catalog:{name}", args=[self.software.reference])


def on_desks(companies):
    """The software that ``companies`` make or sell, with all a ``Desk`` asks for in a fixed number of queries."""
    own_offers = Offer.objects.filter(seller__in=companies)
    # Only the newest review of each company matters here.
    reviews = Review.objects.filter(company__in=companies).order_by("software_id", "company_id", "-pk")
    drafts = Revision.objects.drafts().filter(Q(offer=None) | Q(offer__seller__in=companies)).order_by("pk")
    return (
        Software.objects.filter(Q(maker__in=companies) | Exists(own_offers.filter(software=OuterRef("pk"))))
        .select_related("maker", "listed_revision")
        .prefetch_related(
            Prefetch("offers", own_offers.select_related("seller", "listed_revision"), to_attr="own_offers"),
            Prefetch("reviews", reviews.distinct("software_id", "company_id"), to_attr="newest_reviews"),
            Prefetch("revisions", drafts, to_attr="draft_revisions"),
        )
    )
