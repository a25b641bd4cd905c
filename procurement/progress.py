"""Where a tender stands, who acts next, and by when. Pure: the clock and the counts are arguments."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .enums import TenderStatus as T

# The road as people see it: label, the statuses that are on this stretch.
STRETCHES = (
    (lambda: _("評価方法の作成"), {T.DRAFT}),
    (lambda: _("入札の受付"), {T.OPEN}),
    (lambda: _("技術評価"), {T.MARKING}),
    (lambda: _("開札"), {T.MARKED}),
    (lambda: _("落札者の決定"), {T.EVALUATED}),
    (lambda: _("契約と公表"), {T.AWARDED}),
)


@dataclass(frozen=True)
class Next:
    """``who`` acts, ``what`` they do, ``by`` when; ``not_before`` where it must wait."""

    who: str
    what: str
    by: datetime | None = None
    not_before: datetime | None = None


@dataclass(frozen=True)
class Waiting:
    """What is still open while marking: evaluators who have not handed in, bonus claims nobody decided."""

    evaluators: int = 0
    claims: int = 0
    bids: int = 0


def steps(tender) -> list[dict]:
    """For the steps component. A cancelled tender shows how far it came."""
    reached = next((i for i, (_label, on) in enumerate(STRETCHES) if tender.status in on), _reached(tender))
    over = tender.status == T.CANCELLED
    return [
        {
            "label": label(),
            "state": "done" if index < reached else "current" if index == reached and not over else "todo",
        }
        for index, (label, _on) in enumerate(STRETCHES)
    ]


def _reached(tender) -> int:
    times = (tender.published_at, tender.closed_at, tender.marked_at, tender.opened_at)
    return sum(time is not None for time in times)


def is_closing(tender, *, now: datetime) -> bool:
    """The deadline has passed and the sweep has not come by yet: a matter of a minute."""
    return tender.status == T.OPEN and tender.bids_due_at <= now


def next_act(
    tender, *, now: datetime, waiting: Waiting, is_contracted: bool = False, is_published: bool = False
) -> Next:
    officer = _("契約担当官")
    match T(tender.status):
        case T.DRAFT:
            return Next(officer, _("評価の方法を決め、評価委員を割り当てて、公告します。"))
        case T.OPEN if is_closing(tender, now=now):
            return Next(_("システム"), _("締め切りました。1分以内に、開封の準備と技術評価の開始を行います。"))
        case T.OPEN:
            return Next(_("招待された事業者"), _("入札書を提出します。"), by=tender.bids_due_at)
        case T.MARKING if waiting.bids == 0:
            return Next(officer, _("有効な入札がありません。案件を「該当なし」として終えます。"))
        case T.MARKING if waiting.evaluators:
            what = ngettext(
                "利害関係の申告と採点を行い、提出します（未提出 %(count)d人）。",
                "利害関係の申告と採点を行い、提出します（未提出 %(count)d人）。",
                waiting.evaluators,
            ) % {"count": waiting.evaluators}
            return Next(_("評価委員"), what, by=tender.opening_at)
        case T.MARKING:
            return Next(officer, _("採点がそろいました。技術評価を確定します。"), by=tender.opening_at)
        case T.MARKED if waiting.claims:
            what = ngettext(
                "加点の申告を確認します（未確認 %(count)d件）。",
                "加点の申告を確認します（未確認 %(count)d件）。",
                waiting.claims,
            ) % {"count": waiting.claims}
            return Next(officer, what, by=tender.opening_at)
        case T.MARKED:
            return Next(officer, _("開札します。"), not_before=tender.opening_at)
        case T.EVALUATED:
            return Next(officer, _("評価の結果を確かめ、落札者を決定します。"))
        case T.AWARDED if not is_published:
            return Next(officer, _("結果を公表し、契約を記録します。"))
        case T.AWARDED if not is_contracted:
            return Next(officer, _("落札者と契約を結び、記録します。"))
        case T.AWARDED:
            return Next("", _("この入札は終わりました。"))
        case _cancelled:
            return Next("", _("この入札は取りやめになりました。"))
