"""The broker or the database goes while somebody works: no form is lost, nothing stays half done, and a page says so."""

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import reverse
from kombu.exceptions import OperationalError as BrokerGone

from catalog import actions, tasks
from catalog.enums import ReviewStatus
from catalog.models import Review
from tests.factories.accounts import vendor
from tests.factories.catalog import category, content, offer_content
from tests.factories.companies import CompanyFactory, MasterAgreementFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def drafted():
    """A vendor at a browser, and the complete draft of a software that is ready to be submitted."""
    category()
    company = CompanyFactory()
    MasterAgreementFactory(company=company)
    by = vendor(company=company)
    software = actions.create_software(company=company, content=content(), by=by).software
    actions.create_offer(software=software, company=company, content=offer_content(), by=by)
    client = Client(raise_request_exception=False)
    client.force_login(by)
    return client, software


def submit(client, software):
    return client.post(reverse("catalog:drafts_submit", args=[software.reference]))


def test_submission_without_broker_is_kept_and_checked_once_it_is_back(
    drafted, monkeypatch, django_capture_on_commit_callbacks
):
    client, software = drafted
    with monkeypatch.context() as broker, django_capture_on_commit_callbacks(execute=True):
        broker.setattr(tasks.check_review, "delay", _gone)
        answer = submit(client, software)
    review = Review.objects.get()
    assert (answer.status_code, review.status) == (302, ReviewStatus.SUBMITTED)

    tasks.sweep()
    review.refresh_from_db()
    assert review.status == ReviewStatus.IN_REVIEW


def _gone(*args):
    raise BrokerGone("connection refused")


def test_submission_while_the_database_goes_leaves_nothing_half_done(drafted, monkeypatch):
    client, software = drafted

    def goes(*args, **kwargs):
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(actions, "record", goes)  # the audit event is the last thing a submission writes
    answer = submit(client, software)
    assert answer.status_code == 503
    assert "<h1" in answer.text
    assert not Review.objects.exists()
    assert software.revisions.drafts().count() == 2
