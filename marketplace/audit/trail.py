"""Write to the trail, and prove it whole."""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from django.db import connection, transaction
from django.db.models import Model

from .models import AuditEvent


def record(type: str, subject, *, by, **data) -> AuditEvent:
    """Append one event in the caller's transaction.

    ``type`` is ``subject:past_participle``; ``subject`` a model instance with a public ``reference`` (else its pk is used);
    ``by`` the acting user or None for the system. ``data`` must be JSON and must not name or describe a person.
    """
    return record_each(type, [(subject, data)], by=by)[0]


def record_each(type: str, acts: Iterable[tuple[Model, dict[str, Any]]], *, by) -> list[AuditEvent]:
    """`record` for many (subject, data) at once, in one statement."""
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("An audit event belongs to the transaction of the act it records.")
    return AuditEvent.objects.bulk_create(
        AuditEvent(
            type=type,
            actor=by.reference if by else "",
            subject_type=subject._meta.label_lower,
            subject=str(getattr(subject, "reference", None) or subject.pk),
            data=data,
        )
        for subject, data in acts
    )


@dataclass(frozen=True)
class Verification:
    events: int
    faults: list[str]
    head: str  # hex of the newest hash: note it elsewhere, and a rewritten chain can no longer pass


def verify(*, head: str | None = None) -> Verification:
    """Recompute every link from the events' canonical text. Streams; memory stays flat.

    ``head``: an earlier head (hex), which must be one of the links: else the chain was rewritten since it was noted.
    """
    passed = head is None
    faults: list[str] = []
    previous, expected_position, events = b"", 1, 0
    with transaction.atomic(), connection.cursor() as outer:
        outer.execute(
            "SELECT count(*) FROM audit_auditevent e LEFT JOIN audit_auditlink l ON l.event_id = e.id WHERE l.position IS NULL"
        )
        unlinked = outer.fetchone()[0]
        if unlinked:
            faults.append(f"{unlinked} event(s) outside the chain")
        rows = connection.chunked_cursor()
        rows.execute(
            "SELECT l.position, e.id, audit_canonical(e), l.hash FROM audit_auditlink l "
            "LEFT JOIN audit_auditevent e ON e.id = l.event_id ORDER BY l.position"
        )
        for position, event_id, canonical, stored in rows:
            events += 1
            if position != expected_position:
                faults.append(f"link {expected_position} is missing")
                expected_position = position
            if event_id is None:
                faults.append(f"link {position}: its event is gone")
            elif sha256(previous + canonical.encode()).digest() != bytes(stored):
                faults.append(f"link {position}: event {event_id} or a link before it was changed")
            previous = bytes(stored)
            passed = passed or previous.hex() == head
            expected_position += 1
        rows.close()
    if not passed:
        faults.append(f"no link has the noted head {head}: the chain was rewritten")
    return Verification(events, faults, previous.hex())
