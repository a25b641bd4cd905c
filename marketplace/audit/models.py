"""The audit trail: append-only by trigger, hash-chained by the database at commit, free of personal data.

Rows refer to people and things by label and public reference, not by foreign key, so they outlive them.
"""

import pgtrigger
from django.db import models

from marketplace import clock


class AuditEvent(models.Model):
    """One act. ``type`` is ``subject:past_participle``; ``data`` is small and holds codes, digests and references only."""

    at = models.DateTimeField(default=clock.now, editable=False)
    type = models.CharField(max_length=60)
    actor = models.CharField(max_length=16, blank=True)  # User.reference; '' is the system itself
    subject_type = models.CharField(max_length=40)
    subject = models.CharField(max_length=60)
    data = models.JSONField(default=dict)

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["subject_type", "subject", "id"], name="audit_by_subject"),
            models.Index(fields=["actor", "id"], name="audit_by_actor"),
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
            # Protect works row by row and so cannot see TRUNCATE.
            pgtrigger.Trigger(
                name="no_truncate",
                level=pgtrigger.Statement,
                when=pgtrigger.Before,
                operation=pgtrigger.Truncate,
                func="RAISE EXCEPTION 'audit events are append-only';",
            ),
            # Runs at COMMIT, so the chain's lock is held for microseconds and can deadlock with nothing an action locked before.
            pgtrigger.Trigger(
                name="chain",
                level=pgtrigger.Row,
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                timing=pgtrigger.Deferred,
                declare=[("previous", "bytea"), ("position", "bigint")],
                func="""
                    PERFORM pg_advisory_xact_lock(hashtext('audit chain'));
                    SELECT l.hash, l.position INTO previous, position
                      FROM audit_auditlink l ORDER BY l.position DESC LIMIT 1;
                    INSERT INTO audit_auditlink (position, event_id, hash)
                    VALUES (
                        COALESCE(position, 0) + 1, NEW.id,
                        sha256(COALESCE(previous, ''::bytea) || convert_to(audit_canonical(NEW), 'UTF8'))
                    );
                    RETURN NULL;
                """,
            ),
        ]

    def __str__(self):
        return f"{self.at:%Y-%m-%d %H:%M} {self.type} {self.subject}"


class AuditLink(models.Model):
    """The chain: each hash covers the one before and the event's canonical text. Written by trigger only."""

    position = models.BigIntegerField(primary_key=True)
    event = models.OneToOneField(AuditEvent, models.PROTECT, related_name="link")
    hash = models.BinaryField()

    class Meta:
        ordering = ["position"]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
            pgtrigger.Trigger(
                name="no_truncate",
                level=pgtrigger.Statement,
                when=pgtrigger.Before,
                operation=pgtrigger.Truncate,
                func="RAISE EXCEPTION 'the audit chain is append-only';",
            ),
        ]

    def __str__(self):
        return f"{self.position}: {bytes(self.hash).hex()[:12]}"
