"""The trail cannot be changed, and a change made behind the application's back is found."""

import pytest
from django.db import DatabaseError, connection, transaction

from marketplace.audit import trail
from marketplace.audit.models import AuditEvent, AuditLink
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db(transaction=True)


def write(count):
    user = UserFactory()
    for number in range(count):
        with transaction.atomic():
            trail.record("user:tested", user, by=user, number=number)


def behind_the_back(sql):
    """Run ``sql`` as somebody would who can switch the triggers off."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(sql)


def test_record_outside_a_transaction_is_refused():
    with pytest.raises(RuntimeError):
        trail.record("user:tested", UserFactory(), by=None)


def test_chain_links_every_committed_event_in_order():
    write(3)
    verification = trail.verify()
    assert verification.faults == []
    assert verification.events == 3
    assert list(AuditLink.objects.values_list("position", flat=True)) == [1, 2, 3]


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE audit_auditevent SET type = 'x'",
        "DELETE FROM audit_auditevent",
        "TRUNCATE audit_auditevent CASCADE",
        "UPDATE audit_auditlink SET hash = ''",
    ],
)
def test_event_cannot_be_changed(sql):
    write(1)
    with pytest.raises(DatabaseError), connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.mark.parametrize(
    ("sql", "fault"),
    [
        (
            "UPDATE audit_auditevent SET actor = 'U-222222' WHERE id = (SELECT min(id) + 1 FROM audit_auditevent)",
            "was changed",
        ),
        ("DELETE FROM audit_auditlink WHERE position = 2", "is missing"),
        ("DELETE FROM audit_auditevent WHERE id = (SELECT max(id) FROM audit_auditevent)", "is gone"),
        (
            "INSERT INTO audit_auditevent (at, type, actor, subject_type, subject, data) VALUES (now(), 'a:b', '', 'x', 'y', '{}')",
            "outside the chain",
        ),
    ],
)
def test_verify_finds_what_was_done_behind_the_back(sql, fault):
    write(3)
    behind_the_back(sql)
    assert any(fault in line for line in trail.verify().faults)


def test_rolled_back_act_leaves_no_event():
    user = UserFactory()
    with transaction.atomic():
        trail.record("user:tested", user, by=user)
        transaction.set_rollback(True)
    assert not AuditEvent.objects.exists()
    assert trail.verify().events == 0
