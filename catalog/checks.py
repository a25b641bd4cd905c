"""The automated checks of a submission: what a machine can see, told to vendor and reviewer alike, by field."""

import datetime as dt
import re
from collections.abc import Iterator
from decimal import Decimal

from django.utils.translation import gettext as _

from . import content as fields
from . import pricing
from .enums import CertificationScheme, ScanStatus, Severity
from .models import Finding, Review, Revision, Software
from .price_wording import fault_sentence
from .rules import lapse_date
from .search.normalise import canonical

SHORT_DESCRIPTION = 60  # characters: below this a description tells a buyer nothing
EXPIRES_SOON = dt.timedelta(days=90)
LOW_AVAILABILITY = Decimal(99)

# What the registers' numbers look like. A number of another look is asked about, not refused: registers change.
CERTIFICATE_NUMBERS = {
    CertificationScheme.ISMAP: re.compile(r"^C\d{2}-\d{4}-\d+$"),
    CertificationScheme.ISMAP_LIU: re.compile(r"^L\d{2}-\d{4}-\d+$"),
    CertificationScheme.PRIVACY_MARK: re.compile(r"^\d{8}\(\d{2}\)$"),
}

Seen = tuple[str, str, Severity, str]  # field, check, severity, message


def run(review: Review, *, today: dt.date) -> list[Finding]:
    """Check every revision of a submission. Returns findings, unsaved."""
    found = []
    for revision in review.revisions.select_related("software", "offer").order_by("pk"):
        seen = check_offer(revision.content) if revision.offer_id else check_software(revision.content, today=today)
        if not revision.offer_id:
            seen = [*seen, *_duplicates(revision), *_attachments(revision)]
        found += [
            Finding(
                review=review,
                revision=revision,
                field=field,
                check_name=check,
                severity=severity,
                message=message[:500],
            )
            for field, check, severity, message in seen
        ]
    return found


def passes_at_once(review: Review, found: list[Finding]) -> bool:
    """Whether the policy table lets the submission through without a person: low-risk changes only, and no finding.

    Price, certification and document fields are never low-risk (``content.Field.low_risk``).
    """
    if any(finding.severity != Severity.INFO for finding in found):
        return False
    for revision in review.revisions.select_related("software__listed_revision", "offer__listed_revision"):
        listed = revision.subject.listed_revision
        if listed is None:
            return False
        table = fields.fields_of(bool(revision.offer_id))
        if not fields.is_low_risk(fields.changes(listed.content, revision.content, table)):
            return False
    return True


def check_software(content: dict, *, today: dt.date) -> list[Seen]:
    """Findings on a software's content. Pure."""
    return [
        *_completeness(content, fields.SOFTWARE),
        *_sanity(content),
        *_disclosure(content, today),
        *_certificates(content, today),
    ]


def check_offer(content: dict) -> list[Seen]:
    """Findings on an offer's content. Pure."""
    return [*_completeness(content, fields.OFFER), *_prices(content)]


def _completeness(content: dict, table) -> Iterator[Seen]:
    for lack in fields.missing(content, table):
        yield lack.path, "completeness", Severity.ERROR, _("必須項目です。入力してください。")


def _sanity(content: dict) -> Iterator[Seen]:
    name, summary, description = (content.get(key) or "" for key in ("name", "summary", "description"))
    if summary and canonical(summary) == canonical(name):
        yield "summary", "sanity", Severity.WARNING, _("概要が名称と同じです。何ができるかを一文で書いてください。")
    if description and len(description) < SHORT_DESCRIPTION:
        yield (
            "description", "sanity", Severity.WARNING,
            _("説明が短すぎます。対象の業務、できること、導入の流れを書いてください。"),
        )  # fmt: skip
    availability = fields.get(content, "sla.availability_percent")
    if availability and Decimal(availability) < LOW_AVAILABILITY:
        yield (
            "sla.availability_percent", "sanity", Severity.WARNING,
            _("稼働率が99%を下回っています。入力の誤りでないか確かめてください。"),
        )  # fmt: skip


def _disclosure(content: dict, today: dt.date) -> Iterator[Seen]:
    if not (text := content.get("disclosed_on")):
        return
    day = dt.date.fromisoformat(text)
    if day > today:
        yield "disclosed_on", "disclosure", Severity.ERROR, _("情報開示日が未来の日付です。")
    elif lapse_date(day) <= today:
        yield (
            "disclosed_on",
            "disclosure",
            Severity.ERROR,
            _("情報開示日から2年が過ぎています。内容を確かめ直してください。"),
        )


def _certificates(content: dict, today: dt.date) -> Iterator[Seen]:
    for index, certificate in enumerate(content.get("certifications") or []):
        path = f"certifications[{index}]"
        pattern = CERTIFICATE_NUMBERS.get(certificate["scheme"])
        if pattern and not pattern.match(certificate["number"]):
            yield (
                f"{path}.number",
                "certificate",
                Severity.WARNING,
                _("登録番号の形がこの制度の番号と違います。登録簿で確かめてください。"),
            )
        if not certificate.get("expires_on"):
            continue
        expires_on = dt.date.fromisoformat(certificate["expires_on"])
        if expires_on < today:
            yield (
                f"{path}.expires_on",
                "certificate",
                Severity.ERROR,
                _("有効期限が切れています。更新後の期限を入力するか、削除してください。"),
            )
        elif expires_on < today + EXPIRES_SOON:
            yield f"{path}.expires_on", "certificate", Severity.WARNING, _("有効期限が90日以内に切れます。")


def _prices(content: dict) -> Iterator[Seen]:
    lines = [pricing.PriceLine.from_dict(line) for line in content.get("price_lines") or []]
    for fault in pricing.faults(lines) if lines else ():
        path = f"price_lines[{fault.lines[0]}]" if fault.lines else "price_lines"
        yield path, "price", Severity.ERROR, fault_sentence(fault)


def _attachments(revision: Revision) -> Iterator[Seen]:
    """A document that no scan has found clean is not shown to anybody, so a reviewer must know."""
    entries = revision.content.get("attachments") or []
    kept = {row.sha256: row for row in revision.software.attachments.filter(sha256__in=[e["sha256"] for e in entries])}
    for index, entry in enumerate(entries):
        row = kept.get(entry["sha256"])
        if row is None:
            message, severity = (
                _("ファイル「%(name)s」が保存されていません。もう一度添付してください。"),
                Severity.ERROR,
            )
        elif row.status == ScanStatus.INFECTED:
            message, severity = (
                _("ファイル「%(name)s」からウイルスが見つかりました。削除してください。"),
                Severity.ERROR,
            )
        elif row.status == ScanStatus.WAITING:
            message, severity = _("ファイル「%(name)s」のウイルス検査がまだ済んでいません。"), Severity.WARNING
        else:
            continue
        yield f"attachments[{index}]", "attachment", severity, message % {"name": entry["name"]}


def _duplicates(revision: Revision) -> Iterator[Seen]:
    """Near-identical listings: the same folded name, or word for word the same description."""
    others = Software.objects.listed().exclude(pk=revision.software_id)
    description = revision.content.get("description")
    if description and (twin := others.filter(description=description).order_by("pk").first()):
        yield (
            "description", "duplicate", Severity.ERROR,
            _("説明が「%(name)s」（%(reference)s）と同じです。同じ製品の二重登録ではありませんか。")
            % {"name": twin.name, "reference": twin.reference},
        )  # fmt: skip
    name = canonical(revision.content.get("name") or "")
    # The index keeps folded names: this is one look-up, not a walk over the catalogue.
    if name and (twin := others.filter(search_names__form=name[:100], search_names__rank=0).order_by("pk").first()):
        yield (
            "name", "duplicate", Severity.WARNING,
            _("同じ名称のソフトウェア「%(name)s」（%(reference)s）が掲載されています。")
            % {"name": twin.name, "reference": twin.reference},
        )  # fmt: skip
