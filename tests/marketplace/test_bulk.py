import datetime as dt

import pytest
from django.db import IntegrityError, transaction

from catalog.enums import CertificationScheme
from catalog.models import Certification, Revision, Software
from marketplace.audit.models import AuditEvent
from marketplace.audit.trail import verify
from marketplace.bulk import copy_rows, take_pks
from tests.factories.catalog import SoftwareFactory

pytestmark = pytest.mark.django_db


def test_copied_row_reads_back_as_the_saved_one():
    """Text with what COPY escapes, arrays, JSON, decimals, dates, NULL and an enum's member."""
    software = SoftwareFactory()
    values = {
        "maker": software.maker, "name": "改行\n、タブ\t、\\N、\"引用\"", "description": "\\.", "target_bodies": ["union", "a,b"],
        "delivery": [], "api": None, "data_import": False, "availability_percent": "99.950",
        "disclosed_on": dt.date(2026, 10, 1),
    }  # fmt: skip
    saved = Software.objects.create(**values)
    copy_rows([Software(pk=next(take_pks(Software, 1)), **values)])
    fields = [f.attname for f in Software._meta.concrete_fields if f.attname not in ("id", "reference")]
    rows = list(Software.objects.exclude(pk=software.pk).order_by("pk").values(*fields))
    assert rows[0] == rows[1]
    assert Software.objects.exclude(pk__in=[software.pk, saved.pk]).get().name == values["name"]


def test_copied_json_and_enum_keep_their_value():
    software = SoftwareFactory()
    content = {"name": "x\\y", "n": None, "list": [1, "2"]}
    copy_rows([Revision(software=software, number=1, content=content)])
    copy_rows([Certification(software=software, scheme=CertificationScheme.ISMAP, number="C21-0001-2")])
    assert Revision.objects.get().content == content
    assert Certification.objects.get().scheme == "ismap"


def test_taken_keys_are_never_handed_out_again():
    taken = list(take_pks(Software, 3))
    assert len(set(taken)) == 3
    assert SoftwareFactory().pk > max(taken)


def test_copy_of_nothing_does_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        copy_rows([])


def test_constraints_hold():
    software = SoftwareFactory()
    with pytest.raises(IntegrityError), transaction.atomic():
        copy_rows([Certification(software=software, scheme="iso9001", number="1")])


@pytest.mark.django_db(transaction=True)
def test_triggers_fire():
    with transaction.atomic():
        copy_rows(AuditEvent(type="thing:done", subject_type="x", subject=str(number)) for number in range(3))
    assert (verify().events, verify().faults) == (3, [])
