"""Search, drop, lock: what an officer can do, and what nobody can undo."""

import json
import threading

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from catalog import actions as catalog_actions
from marketplace import clock
from marketplace.accounts.enums import Role
from marketplace.workflow import RuleViolation
from procurement import actions, found
from procurement.documents.evidence import verify
from procurement.enums import ProcurementStatus
from procurement.models import Candidate, Procurement, Search, Selection
from tests.factories.accounts import MembershipFactory
from tests.factories.catalog import listed_software
from tests.factories.companies import CompanyFactory
from tests.factories.procurement import (
    agency_of,
    colleague,
    draft_procurement,
    officer,
    searched_procurement,
    selected_procurement,
)

pytestmark = pytest.mark.django_db


def active(procurement):
    return list(procurement.searches.get(is_active=True).candidates.all())


def lock(procurement, by, **kwargs):
    confirmed = kwargs.pop("confirmed", None) or found.fingerprint(active(procurement))
    return actions.lock_selection(procurement, confirmed=confirmed, note="", by=by)


# The actions


def test_search_counts_software_times_seller():
    by = officer()
    listed_software(sellers=[CompanyFactory(), CompanyFactory()])
    procurement = draft_procurement(by)
    search = actions.search_candidates(procurement, params={"q": "勤怠"}, by=by)
    assert search.candidates.count() == 3


def test_new_search_replaces_the_old_and_keeps_reasons():
    by = officer()
    procurement = searched_procurement(by)
    first = active(procurement)[0]
    actions.drop_candidate(first, reason="LGWANに対応していないため。", by=by)

    actions.search_candidates(procurement, params={"q": "ひろば"}, by=by)

    assert Search.objects.filter(procurement=procurement).count() == 2
    again = Candidate.objects.get(search__is_active=True, offer=first.offer)
    assert (again.is_dropped, again.drop_reason) == (True, "LGWANに対応していないため。")


def test_drop_without_reason_is_refused():
    by = officer()
    candidate = active(searched_procurement(by))[0]
    with pytest.raises(RuleViolation, match="理由"):
        actions.drop_candidate(candidate, reason="  ", by=by)


def test_lock_stores_what_was_known_and_verifies():
    by = officer()
    procurement = searched_procurement(by)
    kept, dropped = active(procurement)
    actions.drop_candidate(dropped, reason="価格が予算を超えるため。", by=by)

    selection = lock(procurement, by)

    assert verify(selection.evidence) == []
    assert [each["decision"] for each in selection.evidence["candidates"]] == ["kept", "dropped"]
    assert selection.evidence["candidates"][0]["price"]["total_yen"] == str(300 * 480 * 36 * 110 // 100)
    assert selection.evidence["candidates"][0]["software"]["digest"] == f"sha256:{kept.software_revision.digest}"
    procurement.refresh_from_db()
    assert procurement.status == ProcurementStatus.SELECTED


def test_lock_refuses_what_the_officer_did_not_see():
    by = officer()
    procurement = searched_procurement(by)
    seen = found.fingerprint(active(procurement))
    actions.drop_candidate(active(procurement)[0], reason="重複のため。", by=by)
    with pytest.raises(RuleViolation, match="確認画面を開いた後"):
        lock(procurement, by, confirmed=seen)


def test_lock_refuses_when_the_catalogue_changed_since_the_search():
    by = officer()
    procurement = searched_procurement(by)
    newcomer = listed_software(name="勤怠の新製品")
    with pytest.raises(RuleViolation, match="勤怠の新製品"):
        lock(procurement, by)
    catalog_actions.suspend_software(newcomer, reason="確認中", by=MembershipFactory(administrator=True).user)
    assert lock(procurement, by).pk


def test_lock_refuses_when_nothing_is_kept():
    by = officer()
    procurement = searched_procurement(by, listings=1)
    actions.drop_candidate(active(procurement)[0], reason="要件を満たさないため。", by=by)
    with pytest.raises(RuleViolation, match="残った候補"):
        lock(procurement, by)


def test_buyer_may_search_but_not_lock():
    by = officer()
    buyer = MembershipFactory(buyer=True, agency=agency_of(by)).user
    procurement = searched_procurement(by)
    actions.drop_candidate(active(procurement)[0], reason="対象外のため。", by=buyer)
    with pytest.raises(PermissionDenied):
        lock(procurement, buyer)


@pytest.mark.parametrize(
    "act",
    [
        lambda p, by: actions.search_candidates(p, params={}, by=by),
        lambda p, by: actions.drop_candidate(active(p)[0], reason="x", by=by),
        lambda p, by: actions.keep_candidate(active(p)[0], by=by),
        lambda p, by: lock(p, by),
        lambda p, by: actions.update_procurement(p, by=by, title="x"),
        lambda p, by: actions.end_procurement(p, target=ProcurementStatus.CANCELLED, reason="x", by=by),
        lambda p, by: actions.draft_tender(p, by=by),
    ],
)
def test_other_agencys_officer_is_refused_everything(act):
    procurement = searched_procurement()
    with pytest.raises(PermissionDenied):
        act(procurement, officer())


def test_nothing_changes_after_the_lock():
    by = officer()
    procurement = selected_procurement(by)
    for act in (
        lambda: actions.drop_candidate(active(procurement)[0], reason="x", by=by),
        lambda: actions.keep_candidate(active(procurement)[0], by=by),
        lambda: actions.search_candidates(procurement, params={}, by=by),
        lambda: actions.update_procurement(procurement, by=by, title="x"),
    ):
        with pytest.raises(RuleViolation):
            act()


@pytest.mark.parametrize(
    "change",
    [
        lambda s: Selection.objects.filter(pk=s.pk).update(digest="sha256:" + "0" * 64),
        lambda s: Selection.objects.filter(pk=s.pk).delete(),
        lambda s: Candidate.objects.filter(search=s.search).update(drop_reason="x"),
        lambda s: Candidate.objects.filter(search=s.search)._raw_delete("default"),
        lambda s: Candidate.objects.bulk_create(_another(s)),
        lambda s: Procurement.objects.filter(pk=s.procurement_id).update(status=ProcurementStatus.DRAFT),
    ],
)
def test_database_refuses_to_change_a_locked_selection(change):
    selection = selected_procurement().selection
    with pytest.raises(DatabaseError), transaction.atomic():
        change(selection)


def _another(selection):
    candidate = selection.search.candidates.first()
    candidate.pk, candidate.position = None, 99
    candidate.offer = listed_software().offers.get()
    return [candidate]


@pytest.mark.parametrize("target", [ProcurementStatus.CANCELLED, ProcurementStatus.NONE_SUITABLE])
def test_procurement_ends_with_a_reason(target):
    by = officer()
    procurement = searched_procurement(by)
    with pytest.raises(RuleViolation):
        actions.end_procurement(procurement, target=target, reason=" ", by=by)
    ended = actions.end_procurement(procurement, target=target, reason="予算が認められなかったため。", by=by)
    assert ended.status == target


@pytest.mark.django_db(transaction=True)
def test_two_clicks_on_lock_make_one_selection():
    by = officer()
    procurement = searched_procurement(by)
    confirmed = found.fingerprint(active(procurement))
    outcomes, barrier = [], threading.Barrier(2)

    def click():
        barrier.wait()
        try:
            actions.lock_selection(procurement, confirmed=confirmed, note="", by=by)
            outcomes.append("locked")
        except RuleViolation:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=click) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["locked", "refused"]
    assert Selection.objects.count() == 1


# The pages


@pytest.mark.parametrize("count", [1, 3])
def test_procurement_list_query_count(client, django_assert_num_queries, count):
    by = officer()
    own = {draft_procurement(by).pk for _ in range(count)}
    draft_procurement()  # another agency's: could leak, must not
    client.force_login(by)
    with django_assert_num_queries(PROCUREMENT_LIST_QUERIES):
        response = client.get(reverse("procurement:procurement_list"))
    assert {procurement.pk for procurement in response.context["page"].object_list} == own


PROCUREMENT_LIST_QUERIES = 8


@pytest.mark.parametrize("count", [1, 3])
def test_candidate_list_query_count(client, django_assert_num_queries, count):
    by = officer()
    procurement = searched_procurement(by, listings=count)
    client.force_login(by)
    with django_assert_num_queries(CANDIDATE_LIST_QUERIES):
        client.get(reverse("procurement:candidate_list", args=[procurement.reference]))


CANDIDATE_LIST_QUERIES = 9


def test_evaluator_and_stranger_do_not_see_a_procurement(client):
    by = officer()
    procurement = searched_procurement(by)
    for stranger in (officer(), colleague(agency_of(by), Role.EVALUATOR), MembershipFactory().user):
        client.force_login(stranger)
        assert client.get(procurement.get_absolute_url()).status_code == 404


def test_form_with_faults_keeps_what_was_typed(client):
    by = officer()
    client.force_login(by)
    typed = {"title": "勤怠管理", "purpose": "勤怠を管理する。", "kind": "service", "budget_yen": "0", "users": "10"}
    body = client.post(reverse("procurement:procurement_create"), typed).content.decode()
    assert 'value="勤怠管理"' in body
    assert "勤怠を管理する。" in body
    assert not Procurement.objects.exists()


def test_officer_walks_from_need_to_evidence(client):
    by = officer()
    listed_software()
    listed_software(name="勤怠のみはり")
    client.force_login(by)
    response = client.post(
        reverse("procurement:procurement_create"),
        {
            "title": "勤怠管理", "purpose": "勤怠を管理する。", "kind": "service", "budget_yen": "9,000,000",
            "term_from": "2027-04-01", "term_to": "2030-03-31", "users": "480",
        },
        follow=True,
    )  # fmt: skip
    procurement = response.context["procurement"]
    reference = procurement.reference

    def post(name, data=None, *args):
        return client.post(reverse(f"procurement:{name}", args=[reference, *args]), data or {}, follow=True)

    assert client.get(reverse("procurement:candidate_search", args=[reference]), {"q": "勤怠"}).status_code == 200
    post("candidate_search", {"q": "勤怠"})
    post("candidate_drop", {"1-reason": "要件にある機能がないため。"}, 1)
    page = client.get(reverse("procurement:selection_lock", args=[reference]))
    post("selection_lock", {"confirmed": page.context["form"].initial["confirmed"], "note": "2件を比べた。"})

    procurement.refresh_from_db()
    assert procurement.status == ProcurementStatus.SELECTED
    evidence = json.loads(client.get(reverse("procurement:selection_json", args=[reference])).content)
    assert verify(evidence) == []
    assert evidence["note"] == "2件を比べた。"
    assert client.get(reverse("procurement:selection_pdf", args=[reference])).content.startswith(b"%PDF")
    assert client.get(reverse("procurement:selection_xlsx", args=[reference])).content.startswith(b"PK")
    assert client.get(reverse("procurement:selection_detail", args=[reference])).status_code == 200


def test_days_are_counted_by_step():
    from procurement.views.selection import durations

    by = officer()
    procurement = searched_procurement(by)
    rows = durations(procurement, now=clock.now().replace(year=clock.now().year + 1))
    assert [row["is_running"] for row in rows] == [False, True]
    assert rows[1]["days"] in (365, 366)
