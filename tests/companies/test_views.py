"""A company's own page: who may declare, what is recorded, what stays proved."""

import datetime as dt

import pytest
from django.urls import reverse

from marketplace.accounts.enums import GbizAccountType, Role
from marketplace.audit.models import AuditEvent
from marketplace.companies.enums import Answer, FactSource
from marketplace.companies.facts import facts_of, startup_verdict
from tests.factories.accounts import MembershipFactory, vendor
from tests.factories.companies import CompanyFactory, FactSnapshotFactory, corporate_number

pytestmark = pytest.mark.django_db

PAGE = reverse("companies:company_facts")
NO_ROWS = {
    f"{name}-{key}": value
    for name in ("shareholders", "officers")
    for key, value in {"TOTAL_FORMS": "0", "INITIAL_FORMS": "0"}.items()
}
TODAY = dt.date(2026, 11, 1)


def declared(**values):
    return NO_ROWS | {"as_of": TODAY.isoformat(), "shareholders": "", "officers": ""} | values


@pytest.fixture
def company():
    return CompanyFactory()


@pytest.fixture
def administrator(client, company):
    client.force_login(vendor(company=company))
    return client


def test_facts_declared_are_added_and_never_overwritten(administrator, company):
    before = FactSnapshotFactory(company=company, source=FactSource.DECLARED, employees=20)
    response = administrator.post(PAGE, declared(employees="１２０人", capital_yen="10,000,000", evidence="決算書"))
    assert response.status_code == 302
    before.refresh_from_db()
    assert before.employees == 20
    merged = facts_of(company)
    assert (merged.facts.employees, merged.facts.capital_yen) == (120, 10_000_000)
    assert (merged.provenance["employees"].source, merged.provenance["employees"].as_of) == (FactSource.DECLARED, TODAY)
    assert merged.facts.officers is not None  # told before, not told now: still known
    event = AuditEvent.objects.get(type="company:facts_declared")
    assert (event.subject, event.data) == (
        company.corporate_number,
        {"as_of": "2026-11-01", "facts": ["capital_yen", "employees"]},
    )


def test_facts_proved_by_documents_keep_their_proof_when_only_repeated(administrator, company):
    FactSnapshotFactory(company=company, source=FactSource.REGISTER)
    administrator.post(PAGE, declared(capital_yen="10000000", employees="21", jsic_code="391", jsic_revision="14"))
    merged = facts_of(company)
    assert merged.provenance["capital_yen"].source == FactSource.REGISTER
    assert merged.provenance["jsic_code"].source == FactSource.REGISTER
    assert merged.provenance["employees"].source == FactSource.DECLARED
    again = administrator.post(PAGE, declared(capital_yen="10000000"))
    assert again.status_code == 422
    assert "新しく申告することはありません" in again.content.decode()


def test_facts_declared_decide_the_verdict(administrator, company):
    assert startup_verdict(company, TODAY).answer == Answer.CANNOT_TELL
    values = declared(
        entity_kind="kabushiki", established_on="2020-04-01", capital_yen="0", employees="0", jsic_code="391",
        jsic_revision="14", shareholders="some", officers="some",
    ) | {
        "shareholders-TOTAL_FORMS": "2", "shareholders-0-name": "創業者", "shareholders-0-share": "2/3",
        "shareholders-0-size": "individual", "shareholders-1-name": "共同創業者", "shareholders-1-share": "33.3",
        "shareholders-1-size": "individual", "officers-TOTAL_FORMS": "1", "officers-0-name": "代表",
        "officers-0-at_large": "no", "officers-0-at_deemed_large_sme": "no",
    }  # fmt: skip
    assert administrator.post(PAGE, values).status_code == 302
    snapshot = company.snapshots.get()
    assert [row["share"] for row in snapshot.shareholders] == ["2/3", "333/1000"]
    assert (snapshot.capital_yen, snapshot.employees) == (0, 0)
    assert startup_verdict(company, TODAY).answer == Answer.YES
    body = administrator.get(PAGE).content.decode()
    assert "2/3（約66.66％）" in body
    assert 'value="2/3"' in body
    assert 'value="33.3"' in body


def test_facts_nobody_is_an_answer(administrator, company):
    administrator.post(PAGE, declared(officers="none", employees="3"))
    snapshot = company.snapshots.get()
    assert (snapshot.officers, snapshot.shareholders) == ([], None)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"as_of": "2999-01-01"}, "基準日は今日まで"),
        ({"employees": "-1"}, "0以上"),
        ({"capital_yen": "一千万"}, "整数を数字で"),
        ({"jsic_code": "39x"}, "2〜4桁"),
        ({"jsic_code": "391"}, "どの改定"),
        ({"shareholders": "some"}, "1件以上"),
        (
            {"shareholders": "some", "shareholders-TOTAL_FORMS": "1", "shareholders-0-name": "甲", "shareholders-0-share": "120", "shareholders-0-size": "sme"},
            "持ち分を",
        ),
        (
            {
                "shareholders": "some", "shareholders-TOTAL_FORMS": "2", "shareholders-0-name": "甲",
                "shareholders-0-share": "60", "shareholders-0-size": "sme", "shareholders-1-name": "乙",
                "shareholders-1-share": "1/2", "shareholders-1-size": "sme",
            },
            "100％を超えています",
        ),
        (
            {
                "shareholders": "some", "shareholders-TOTAL_FORMS": "1", "shareholders-0-name": "甲",
                "shareholders-0-share": "60", "shareholders-0-size": "sme",
                "shareholders-0-corporate_number": corporate_number(1)[:-1] + "x",
            },
            "法人番号を確かめて",
        ),
    ],
)  # fmt: skip
def test_facts_faults_are_named_and_nothing_is_lost(administrator, company, values, message):
    response = administrator.post(PAGE, declared(evidence="打ったばかりの根拠") | values)
    body = response.content.decode()
    assert response.status_code == 422
    assert message in body.split('class="error-summary"')[1].split("</section>")[0]
    assert "打ったばかりの根拠" in body
    assert not company.snapshots.exists()


def test_facts_rows_are_added_without_script_and_with_it(administrator):
    data = declared(evidence="打ったばかり", add="officers") | {"officers-TOTAL_FORMS": "1", "officers-0-name": "代表"}
    page = administrator.post(PAGE, data)
    assert (page.status_code, len(page.context["rows"]["officers"].forms)) == (200, 2)
    assert "打ったばかり" in page.content.decode()
    fragment = administrator.post(PAGE, data, headers={"hx-request": "true"}).content.decode()
    assert "<html" not in fragment
    assert 'name="officers-1-name"' in fragment


def test_facts_are_declared_by_administrators_only(client, company):
    client.force_login(vendor(company=company, role=Role.VENDOR_MEMBER))
    page = client.get(PAGE)
    assert page.context["form"] is None
    assert client.post(PAGE, declared(employees="3")).status_code == 403
    assert not company.snapshots.exists()


def test_facts_are_not_shown_to_self_declared_accounts(client, company):
    FactSnapshotFactory(company=company)
    client.force_login(vendor(company=company, account_type=GbizAccountType.ENTRY, has_mandate=False))
    page = client.get(PAGE)
    assert page.status_code == 403
    assert "創業者" not in page.content.decode()


def test_facts_of_others_are_not_shown(client, company):
    FactSnapshotFactory(company=company)
    client.force_login(vendor())
    assert client.get(PAGE, {"company": company.corporate_number}).status_code == 404
    assert "創業者" not in client.get(PAGE).content.decode()
    client.force_login(MembershipFactory(officer=True).user)
    assert client.get(PAGE).status_code == 403


def test_facts_of_people_stay_off_the_public_page(client, company):
    FactSnapshotFactory(company=company)
    body = client.get(company.get_absolute_url()).content.decode()
    assert "創業者" not in body
    assert "代表取締役" not in body
