"""From need to locked selection."""

from django.db import transaction
from django.utils.translation import gettext as _

from marketplace import clock
from marketplace.accounts import permissions as people
from marketplace.audit.trail import record
from marketplace.notifications.actions import notify
from marketplace.workflow import RuleViolation, locked

from .. import found, permissions, records
from ..documents.evidence import evidence_document
from ..enums import ProcurementStatus, TenderStatus
from ..models import Candidate, Procurement, Search, Selection, Step, Tender
from .moves import move_procurement, move_tender, staff_of

EDITABLE = ("title", "purpose", "kind", "budget_yen", "term_from", "term_to", "users", "residents")


@transaction.atomic
def open_procurement(*, agency, by, **values) -> Procurement:
    """Begin a procurement of ``agency``; ``values`` as in EDITABLE (budget in yen, tax in, over the whole term)."""
    people.check_can_buy(by, agency)
    procurement = Procurement.objects.create(agency=agency, officer=by, created_by=by, **values)
    Step.objects.create(
        procurement=procurement, status=procurement.status, entered_at=procurement.created_at, entered_by=by
    )
    record("procurement:opened", procurement, by=by)
    return procurement


@transaction.atomic
def update_procurement(procurement, *, by, **values) -> Procurement:
    """Change need, budget or term, until the selection is locked."""
    procurement = locked(Procurement.objects.select_related("agency"), procurement)
    permissions.check_can_search(by, procurement)
    _check_open(procurement)
    changed = [name for name in EDITABLE if name in values and getattr(procurement, name) != values[name]]
    for name in changed:
        setattr(procurement, name, values[name])
    if changed:
        procurement.save(update_fields=changed)
        record("procurement:updated", procurement, by=by, fields=changed)
    return procurement


@transaction.atomic
def search_candidates(procurement, *, params: dict, by) -> Search:
    """Make ``params`` (as in the catalogue's URL) the active search and note every software × seller it finds.

    Reasons given to candidates that are found again are kept. Raises RuleViolation when the search finds too many.
    """
    procurement = locked(Procurement.objects.select_related("agency"), procurement)
    permissions.check_can_search(by, procurement)
    _check_open(procurement)
    offers = found.offers(params)
    if len(offers) > found.LIMIT:
        raise RuleViolation(
            _("候補が%(count)d件あります。%(limit)d件以下になるまで条件を絞り込んでください。")
            % {"count": len(offers), "limit": found.LIMIT}
        )
    previous = procurement.searches.filter(is_active=True).first()
    reasons = {}
    if previous:
        reasons = {candidate.offer_id: candidate for candidate in previous.candidates.filter(is_dropped=True)}
        previous.is_active = False
        previous.save(update_fields=["is_active"])
    search = Search.objects.create(procurement=procurement, params=params, searched_at=clock.now(), searched_by=by)
    Candidate.objects.bulk_create(
        _candidate(search, position, offer, reasons.get(offer.pk)) for position, offer in enumerate(offers, start=1)
    )
    if procurement.status == ProcurementStatus.DRAFT:
        move_procurement(procurement, ProcurementStatus.SEARCHING, by=by)
    record("search:made", procurement, by=by, candidates=len(offers))
    return search


@transaction.atomic
def drop_candidate(candidate, *, reason: str, by) -> Candidate:
    """Leave a candidate out, with the reason that an auditor will read."""
    candidate = _locked_candidate(candidate, by=by)
    if not reason.strip():
        raise RuleViolation(_("除外する理由を入力してください。"))
    candidate.is_dropped, candidate.drop_reason = True, reason.strip()
    candidate.dropped_at, candidate.dropped_by = clock.now(), by
    candidate.save(update_fields=["is_dropped", "drop_reason", "dropped_at", "dropped_by"])
    record("candidate:dropped", candidate.search.procurement, by=by, offer=candidate.offer.reference)
    return candidate


@transaction.atomic
def keep_candidate(candidate, *, by) -> Candidate:
    """Take a dropped candidate back."""
    candidate = _locked_candidate(candidate, by=by)
    candidate.is_dropped, candidate.drop_reason, candidate.dropped_at, candidate.dropped_by = False, "", None, None
    candidate.save(update_fields=["is_dropped", "drop_reason", "dropped_at", "dropped_by"])
    record("candidate:kept", candidate.search.procurement, by=by, offer=candidate.offer.reference)
    return candidate


@transaction.atomic
def lock_selection(procurement, *, confirmed: str, note: str, by) -> Selection:
    """Fix the selection for ever: criteria, time, exact revisions, reasons, digest.

    ``confirmed`` is ``found.fingerprint`` of the candidates the officer saw. Raises RuleViolation if the candidates
    were changed since, if the search finds something else by now, or if nothing is kept.
    """
    procurement = locked(Procurement.objects.select_related("agency", "officer"), procurement)
    permissions.check_can_manage(by, procurement)
    _check_searching(procurement)
    search = procurement.searches.filter(is_active=True).get()
    candidates = list(
        search.candidates.select_for_update(of=("self",))
        .select_related("software__maker", "offer__seller", "software_revision", "offer_revision")
        .order_by("position")
    )
    if found.fingerprint(candidates) != confirmed:
        raise RuleViolation(_("確認画面を開いた後に候補が変わりました。内容を確かめて、もう一度確定してください。"))
    changed = found.difference(candidates, found.offers(search.params))
    if changed:
        raise RuleViolation(
            _("検索後にカタログが変わりました。もう一度検索してください。変わったもの：%(names)s")
            % {"names": "、".join(changed)}
        )
    if all(candidate.is_dropped for candidate in candidates):
        raise RuleViolation(_("残った候補がありません。該当なしとして終えるか、検索条件を見直してください。"))

    now = clock.now()
    evidence = evidence_document(
        records.selection_content(procurement, search, candidates, locked_at=now, locked_by=by, note=note)
    )
    selection = Selection.objects.create(
        procurement=procurement,
        search=search,
        evidence=evidence,
        digest=evidence["digest"],
        locked_at=now,
        locked_by=by,
    )
    move_procurement(procurement, ProcurementStatus.SELECTED, by=by, digest=selection.digest)
    return selection


@transaction.atomic
def end_procurement(procurement, *, target: ProcurementStatus, reason: str, by) -> Procurement:
    """Stop: ``CANCELLED`` (we no longer buy) or ``NONE_SUITABLE`` (nobody fits). Two different ends, each with its reason."""
    procurement = locked(Procurement.objects.select_related("agency"), procurement)
    permissions.check_can_manage(by, procurement)
    if not reason.strip():
        raise RuleViolation(_("理由を入力してください。"))
    procurement.ended_at, procurement.ended_by, procurement.end_reason = clock.now(), by, reason.strip()
    # First the reason: the database refuses the status without it.
    procurement.save(update_fields=["ended_at", "ended_by", "end_reason"])
    tender = Tender.objects.select_for_update(no_key=True).filter(procurement=procurement).first()
    if tender and tender.status != TenderStatus.CANCELLED:
        move_tender(tender, TenderStatus.CANCELLED, by=by)
        _tell_everybody_waiting(tender, procurement)
    move_procurement(procurement, target, by=by)
    return procurement


@transaction.atomic
def close_procurement(procurement, *, by) -> Procurement:
    """The contract is done."""
    procurement = locked(Procurement.objects.select_related("agency"), procurement)
    permissions.check_can_manage(by, procurement)
    procurement.ended_at, procurement.ended_by = clock.now(), by
    procurement.save(update_fields=["ended_at", "ended_by"])
    move_procurement(procurement, ProcurementStatus.CLOSED, by=by)
    return procurement


def _tell_everybody_waiting(tender, procurement):
    """Invited vendors and assigned evaluators must not wait for what will not come."""
    invited = [person for each in tender.invitations.select_related("company") for person in staff_of(each.company)]
    evaluators = [assignment.evaluator for assignment in tender.assignments.select_related("evaluator")]
    notify(
        [*invited, *evaluators],
        "procurement_ended",
        room="procurement",
        path=tender.get_absolute_url(),
        tender=tender,
        procurement=procurement,
    )


def _candidate(search, position, offer, before):
    candidate = Candidate(
        search=search,
        position=position,
        software=offer.software,
        offer=offer,
        software_revision_id=offer.software.listed_revision_id,
        offer_revision_id=offer.listed_revision_id,
    )
    if before:
        candidate.is_dropped, candidate.drop_reason = True, before.drop_reason
        candidate.dropped_at, candidate.dropped_by_id = before.dropped_at, before.dropped_by_id
    return candidate


def _locked_candidate(candidate, *, by):
    procurement = locked(Procurement.objects.select_related("agency"), Procurement(pk=candidate.search.procurement_id))
    permissions.check_can_search(by, procurement)
    _check_searching(procurement)
    candidate = locked(Candidate.objects.select_related("search", "offer"), candidate)
    if not candidate.search.is_active:
        raise RuleViolation(_("この検索は新しい検索に置き換えられました。画面を読み直してください。"))
    candidate.search.procurement = procurement
    return candidate


def _check_open(procurement):
    if procurement.status not in (ProcurementStatus.DRAFT, ProcurementStatus.SEARCHING):
        raise RuleViolation(
            _("この案件は「%(status)s」のため、変更できません。") % {"status": procurement.get_status_display()}
        )


def _check_searching(procurement):
    if procurement.status != ProcurementStatus.SEARCHING:
        raise RuleViolation(
            _("この案件は「%(status)s」のため、候補を変更できません。") % {"status": procurement.get_status_display()}
        )
