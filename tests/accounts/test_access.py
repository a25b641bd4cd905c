"""Access requests, domain lists, and who gets in where."""

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.urls import get_resolver, reverse

from marketplace.accounts import actions, permissions
from marketplace.accounts.enums import AccessRequestStatus, GbizAccountType, Role
from marketplace.accounts.models import AccessRequest, AgencyDomain, Membership, User
from marketplace.audit.models import AuditEvent
from marketplace.notifications.models import Notification
from marketplace.workflow import RuleViolation
from tests.factories.accounts import (
    AgencyDomainFactory,
    AgencyFactory,
    MembershipFactory,
    UserFactory,
    vendor,
)
from tests.factories.companies import CompanyFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def administrator():
    return MembershipFactory(administrator=True).user


@pytest.fixture
def waiting():
    return actions.request_access(AgencyFactory(), by=UserFactory(official=True))


def test_request_tells_the_operator_once(client, administrator):
    official, agency = UserFactory(official=True), AgencyFactory()
    client.force_login(official)
    for _ in range(2):
        client.post(reverse("accounts:access_request_create"), {"agency": agency.pk})
    assert AccessRequest.objects.get().user == official
    assert [(n.user, n.path) for n in Notification.objects.all()] == [
        (administrator, reverse("accounts:access_request_list"))
    ]
    assert "運営の確認待ちです" in client.get(reverse("accounts:profile")).content.decode()


def test_request_without_an_agency_keeps_the_page_and_names_the_fault(client):
    client.force_login(UserFactory(official=True))
    response = client.post(reverse("accounts:access_request_create"), {"agency": ""})
    assert response.status_code == 422
    assert "「行政機関」を選んでください" in response.content.decode()


def test_vendor_cannot_ask_for_an_agency(client):
    client.force_login(vendor())
    response = client.post(reverse("accounts:access_request_create"), {"agency": AgencyFactory().pk})
    assert response.status_code == 403
    assert not AccessRequest.objects.exists()


def test_approval_grants_the_chosen_role_and_tells_the_official(client, administrator, waiting):
    client.force_login(administrator)
    page = client.get(reverse("accounts:access_request_list"))
    assert waiting.user.email in page.content.decode()

    client.post(
        reverse("accounts:access_request_approve", args=[waiting.user.reference, waiting.agency.reference]),
        {"role": "officer"},
    )

    waiting.refresh_from_db()
    assert (waiting.status, waiting.decided_by) == (AccessRequestStatus.APPROVED, administrator)
    assert permissions.is_officer(waiting.user, waiting.agency)
    assert Notification.objects.get(user=waiting.user).event == "access_approved"
    assert list(AuditEvent.objects.values_list("type", flat=True)) == [
        "access_request:submitted",
        "access_request:approved",
        "membership:granted",
    ]


@pytest.mark.parametrize("role", ["", "administrator", "vendor_administrator"])
def test_approval_grants_agency_roles_only(client, administrator, waiting, role):
    client.force_login(administrator)
    url = reverse("accounts:access_request_approve", args=[waiting.user.reference, waiting.agency.reference])
    client.post(url, {"role": role})
    assert not Membership.objects.filter(user=waiting.user).exists()


def test_refusal_grants_nothing(client, administrator, waiting):
    client.force_login(administrator)
    client.post(reverse("accounts:access_request_refuse", args=[waiting.user.reference, waiting.agency.reference]))
    waiting.refresh_from_db()
    assert waiting.status == AccessRequestStatus.REFUSED
    assert not Membership.objects.filter(user=waiting.user).exists()


def test_second_decision_is_told_it_is_too_late(administrator, waiting):
    actions.refuse_access(waiting, by=administrator)
    with pytest.raises(RuleViolation):
        actions.approve_access(waiting, role=Role.BUYER, by=administrator)
    assert not Membership.objects.filter(user=waiting.user).exists()


def test_nobody_approves_their_own_request(administrator):
    own = actions.request_access(AgencyFactory(), by=administrator)
    with pytest.raises(PermissionDenied):
        actions.approve_access(own, role=Role.OFFICER, by=administrator)


@pytest.mark.parametrize("trait", ["reviewer", "officer", "buyer", "evaluator"])
def test_only_the_operators_administrator_decides(trait, waiting):
    with pytest.raises(PermissionDenied):
        actions.approve_access(waiting, role=Role.BUYER, by=MembershipFactory(**{trait: True}).user)


def test_domain_is_added_as_people_type_it(client, administrator):
    agency = AgencyFactory()
    client.force_login(administrator)
    client.post(reverse("accounts:agency_detail", args=[agency.reference]), {"domain": " ＠City.Midori.Example "})
    assert [domain.domain for domain in agency.domains.all()] == ["city.midori.example"]


@pytest.mark.parametrize("domain", ["gmail.com", "midori", "a b.example", "-x.example", "midori..example", ""])
def test_domain_that_cannot_stand_for_an_agency_is_refused(client, administrator, domain):
    agency = AgencyFactory()
    client.force_login(administrator)
    response = client.post(reverse("accounts:agency_detail", args=[agency.reference]), {"domain": domain})
    assert response.status_code == 422
    assert not agency.domains.exists()


def test_domain_of_another_agency_is_refused_with_its_name(client, administrator):
    taken, agency = AgencyDomainFactory(), AgencyFactory()
    client.force_login(administrator)
    response = client.post(reverse("accounts:agency_detail", args=[agency.reference]), {"domain": taken.domain})
    assert str(taken.agency) in response.content.decode()


def test_domain_removed_leaves_people_in(client, administrator):
    domain = AgencyDomainFactory()
    buyer = MembershipFactory(buyer=True, agency=domain.agency).user
    client.force_login(administrator)
    client.post(reverse("accounts:domain_remove", args=[domain.agency.reference, domain.domain]))
    assert not AgencyDomain.objects.exists()
    assert permissions.is_buyer(buyer, domain.agency)


def test_first_administrator_is_enrolled_by_command(capsys):
    for _ in range(2):
        call_command("enrol_administrator", "Hanako@Operator.example", "運営 花子")
    user = User.objects.get(email="hanako@operator.example")
    assert permissions.can_operate(user)
    assert [event.actor for event in AuditEvent.objects.filter(type="membership:granted")] == [""]
    assert capsys.readouterr().out.splitlines()[1].startswith(f"{user.reference} already enrolled")


def test_enrolment_of_a_mistyped_address_is_refused():
    with pytest.raises(CommandError, match="not an e-mail address"):
        call_command("enrol_administrator", "hanako@", "運営 花子")
    assert not User.objects.exists()


# Who gets in: every URL of this room, every role

VISITOR_PAGES = {
    "account_login",
    "account_request_login_code",
    "account_confirm_login_code",
    "account_signup",
    "account_email_verification_sent",
    "account_inactive",
    "account_logout",
    "gbizid_start",
    "gbizid_callback",
}
OPERATOR_PAGES = {
    "access_request_list",
    "access_request_approve",
    "access_request_refuse",
    "agency_list",
    "agency_detail",
    "domain_remove",
}
POST_ONLY = {
    "access_request_approve",
    "access_request_refuse",
    "domain_remove",
    "access_request_create",
    "gbizid_start",
}
ROLES = ["visitor", "vendor", "buyer", "officer", "evaluator", "reviewer", "administrator"]


def own_urls():
    """(name, path) of every page of this room, filled with things that exist."""
    asked = actions.request_access(AgencyDomainFactory().agency, by=UserFactory(official=True))
    values = {
        "user_reference": asked.user.reference,
        "agency_reference": asked.agency.reference,
        "reference": asked.agency.reference,
        "domain": asked.agency.domains.get().domain,
    }
    resolver = next(
        pattern
        for pattern in get_resolver().url_patterns
        if getattr(pattern, "urlconf_name", None) is not None
        and getattr(pattern.urlconf_name, "__name__", "") == "marketplace.accounts.urls"
    )
    for pattern in resolver.url_patterns:
        for leaf in getattr(pattern, "url_patterns", [pattern]):
            if not hasattr(leaf, "url_patterns"):
                namespace = f"{pattern.namespace}:" if getattr(pattern, "namespace", None) else ""
                parameters = {key: values[key] for key in leaf.pattern.converters if key in values}
                if len(parameters) == len(leaf.pattern.converters):
                    yield leaf.name, reverse(f"{namespace}{leaf.name}", kwargs=parameters)


@pytest.mark.parametrize("role", ROLES)
def test_who_gets_in(client, role):
    urls = dict(own_urls())
    assert set(urls) >= OPERATOR_PAGES | VISITOR_PAGES
    if role == "vendor":
        client.force_login(vendor())
    elif role != "visitor":
        client.force_login(MembershipFactory(**{role: True}).user)
    outcome = {}
    for name, url in urls.items():
        if name in {"account_logout", "domain_remove", "access_request_approve", "gbizid_start"}:
            continue  # these change what the next ones would see; their own tests cover them
        response = client.post(url) if name in POST_ONLY else client.get(url)
        to_sign_in = response.status_code == 302 and response.url.startswith(f"{reverse('account_login')}?")
        outcome[name] = "sign in" if to_sign_in else response.status_code

    for name, seen in outcome.items():
        if name in VISITOR_PAGES:
            assert seen != "sign in", name
            assert seen < 404, name
        elif role == "visitor":
            assert seen == "sign in", name
        elif name in OPERATOR_PAGES:
            assert seen == 403 if role != "administrator" else seen in {200, 302}, name
        else:
            assert seen in {200, 302, 422} or (name, seen) == ("access_request_create", 403), name


@pytest.mark.parametrize("count", [1, 3])
def test_access_request_list_query_count(client, administrator, django_assert_num_queries, count):
    for _ in range(count):
        actions.request_access(AgencyFactory(), by=UserFactory(official=True))
    client.force_login(administrator)
    client.get(reverse("home"))
    with django_assert_num_queries(5):  # session, user, memberships, unread, requests
        page = client.get(reverse("accounts:access_request_list"))
        assert len(page.context["requests"]) == count


@pytest.mark.parametrize("count", [1, 3])
def test_agency_list_query_count(client, administrator, django_assert_num_queries, count):
    for _ in range(count):
        AgencyDomainFactory()
    client.force_login(administrator)
    with django_assert_num_queries(6):  # session, user, memberships, unread, agencies, domains
        client.get(reverse("accounts:agency_list"))


# Permissions


def test_permissions_ask_the_database_once(django_assert_num_queries):
    user = vendor()
    company = user.memberships.get().company
    user = type(user).objects.get(pk=user.pk)
    with django_assert_num_queries(2):  # memberships with their organisations, GビズID account
        for _ in range(3):
            assert permissions.can_submit(user, company)
            assert permissions.companies_of(user) == [company]
            assert not permissions.can_review(user)


@pytest.mark.parametrize(
    ("kind", "mandate", "draft", "submit", "administer"),
    [
        (GbizAccountType.PRIME, False, True, True, True),
        (GbizAccountType.MEMBER, True, True, True, True),
        (GbizAccountType.MEMBER, False, True, False, True),
        (GbizAccountType.ENTRY, True, True, False, False),
    ],
)
def test_what_a_vendor_administrator_may_do_depends_on_the_account(kind, mandate, draft, submit, administer):
    user = vendor(account_type=kind, has_mandate=mandate)
    company = user.memberships.get().company
    answers = [
        check(user, company) for check in (permissions.can_draft, permissions.can_submit, permissions.can_administer)
    ]
    assert answers == [draft, submit, administer]


def test_rights_end_at_the_own_company_and_agency():
    someone, officer = vendor(), MembershipFactory(officer=True).user
    assert not permissions.can_draft(someone, CompanyFactory())
    assert not permissions.can_procure(officer, AgencyFactory())
    assert not permissions.can_buy(someone, AgencyFactory())
    assert not permissions.can_operate(officer)


def test_rights_end_with_the_membership():
    membership = MembershipFactory(officer=True)
    assert permissions.can_procure(membership.user, membership.agency)
    Membership.objects.update(ended_at="2026-04-01T00:00:00Z")
    assert not permissions.can_procure(type(membership.user).objects.get(pk=membership.user.pk), membership.agency)


def test_visitor_may_nothing():
    from django.contrib.auth.models import AnonymousUser

    nobody = AnonymousUser()
    assert not permissions.can_review(nobody)
    assert not permissions.can_draft(nobody, CompanyFactory())
    assert permissions.agencies_of(nobody) == []
    assert not permissions.needs_second_factor(nobody)
