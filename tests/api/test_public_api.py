"""The public API says what the pages say, and keeps to its own schema."""

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.urls import reverse
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from marketplace.wsgi import application
from procurement import actions
from procurement.evaluation import evaluate, parse_document
from tests.factories.catalog import SoftwareFactory, listed_software
from tests.factories.companies import CompanyFactory, FactSnapshotFactory
from tests.factories.procurement import evaluated_tender, officer

pytestmark = pytest.mark.django_db


def test_software_list_answers_like_the_page(client):
    found = listed_software(name="勤怠ひろば")
    listed_software(name="勤怠の記録", categories=["meetings"])
    SoftwareFactory(name="勤怠の下書き")
    body = client.get("/api/v1/software/", {"q": "勤怠", "category": "attendance"}).json()
    assert (body["count"], body["next"], body["previous"]) == (1, None, None)
    assert [row["reference"] for row in body["results"]] == [found.reference]
    assert {"value": "attendance", "label": "勤怠管理・庶務", "count": 1} in body["facets"]["category"]


@pytest.mark.parametrize("count", [1, 3])
def test_software_list_query_count(client, django_assert_num_queries, count):
    for _ in range(count):
        listed_software()
    with django_assert_num_queries(6):  # size of the catalogue, synonyms, search, categories, listings, facts
        client.get("/api/v1/software/", {"q": "勤怠"})


def test_startup_badge_comes_from_the_facts(client):
    maker = FactSnapshotFactory().company
    listed_software(maker=maker)
    assert client.get("/api/v1/software/").json()["results"][0]["startup"] is True
    assert client.get(f"/api/v1/companies/{maker.corporate_number}/").json()["startup"] == "yes"


def test_shareholders_and_officers_are_not_told(client):
    maker = FactSnapshotFactory(shareholders=[{"name": "秘密株主", "share": "1", "size": "individual"}]).company
    assert "秘密株主" not in client.get(f"/api/v1/companies/{maker.corporate_number}/").content.decode()


def test_detail_revisions_and_offers(client):
    software = listed_software(sellers=[CompanyFactory()])
    body = client.get(f"/api/v1/software/{software.reference}/").json()
    assert body["content"] == software.listed_revision.content
    assert len(body["offers"]) == 2
    listing = client.get(f"/api/v1/software/{software.reference}/revisions/").json()
    assert client.get(listing[0]["url"]).json()["digest"] == software.listed_revision.digest
    assert client.get(f"/api/v1/offers/{body['offers'][0]['reference']}/").json()["software"] == software.reference


@pytest.mark.parametrize(
    "path",
    [
        "software/SW-222222/",
        "offers/OF-222222/",
        "companies/1/",
        "procurements/PR-222222/",
        "software/?page=9",
        "no/such/path",
    ],
)
def test_what_is_not_there_is_404(client, path):
    assert client.get(f"/api/v1/{path}").status_code == 404


def test_unlisted_software_is_not_told(client):
    assert client.get(f"/api/v1/software/{SoftwareFactory().reference}/").status_code == 404


def test_evaluation_is_told_once_published_and_recomputes(client):
    by = officer()
    tender = evaluated_tender(by)
    award = actions.award_tender(tender, evaluation=1, reason="最も高い点のため。", by=by)
    url = f"/api/v1/procurements/{tender.procurement.reference}/evaluation/"
    assert client.get(url).status_code == 404
    actions.publish_award(award, by=by)
    body = client.get(url).json()
    assert evaluate(parse_document(body["document"])).as_dict() == body["result"]
    assert client.get("/api/v1/procurements/").json()["results"][0]["winner"] == award.bid.company.name


@pytest.mark.parametrize("params", [{"category": "no-such"}, {"price_max": "cheap"}, {"ordering": "random"}])
def test_unknown_value_is_refused_by_name(client, params):
    response = client.get("/api/v1/software/", params)
    assert response.status_code == 400
    assert response.json().keys() == params.keys()


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nothing_can_be_written(client, method):
    assert getattr(client, method)("/api/v1/software/").status_code == 405


schema = schemathesis.openapi.from_wsgi("/api/schema/?format=json", application)


@pytest.fixture
def connection_stays_open():
    """A request through WSGI ends by closing the connection, and with it the test's transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@schema.parametrize()
@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@pytest.mark.usefixtures("connection_stays_open")
def test_api_keeps_to_its_schema(case):
    # A category that does not exist is well-formed, and refused all the same; an empty parameter, as a form sends it, is
    # no condition and no fault. test_unknown_value_is_refused_by_name covers what these two checks would.
    case.call_and_validate(excluded_checks=[positive_data_acceptance, negative_data_rejection])


def test_schema_is_reachable(client):
    assert client.get(reverse("api_schema")).status_code == 200
