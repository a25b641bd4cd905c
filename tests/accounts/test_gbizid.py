"""The vendor's way in against a provider that lies: every lie has its page, and nobody is created."""

import time

import pytest
from django.urls import reverse
from joserfc.jwk import RSAKey

from marketplace.accounts import gbizid
from marketplace.accounts.enums import GbizAccountType, Role
from marketplace.accounts.models import GbizAccount, Membership, User
from marketplace.accounts.permissions import can_draft, can_submit
from marketplace.audit.models import AuditEvent
from marketplace.companies.models import Company
from tests.accounts.hostile_provider import CLIENT_ID, CLIENT_SECRET, PRIME, HostileProvider, parameters
from tests.factories.accounts import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def provider(settings):
    provider = HostileProvider()
    settings.GBIZID_DISCOVERY_URL = provider.discovery_url
    settings.GBIZID_CLIENT_ID, settings.GBIZID_CLIENT_SECRET = CLIENT_ID, CLIENT_SECRET
    gbizid._client.cache_clear()
    yield provider
    provider.close()


@pytest.fixture
def sign_in(client, provider):
    """The whole way of a browser, with the last address open to changes."""

    def walk(browser=client, *, start=None, **changes):
        away = browser.post(reverse("gbizid_start"), start or {})
        if away.status_code != 302:
            return away
        back = provider.authorize(away.url) | changes
        return browser.get(reverse("gbizid_callback"), {key: value for key, value in back.items() if value is not None})

    return walk


def assert_refused(response, failure, *, status=400):
    assert response.status_code == status
    assert response.context["failure"] == failure
    assert "次にできること" in response.content.decode()
    assert not User.objects.exists()
    assert not Company.objects.exists()
    assert not AuditEvent.objects.exists()


def test_sign_in_asks_for_everything_and_sends_no_secret_in_the_address(client, provider):
    away = client.post(reverse("gbizid_start"))
    asked = parameters(away.url)
    assert away.url.startswith(f"{provider.issuer}authorize?")
    assert {
        key: asked[key] for key in ("response_type", "client_id", "redirect_uri", "scope", "code_challenge_method")
    } == {
        "response_type": "code",
        "client_id": CLIENT_ID,
        "redirect_uri": "http://testserver/sign-in/gbizid/callback/",
        "scope": "openid profile user mandate email",
        "code_challenge_method": "S256",
    }
    assert min(len(asked["state"]), len(asked["nonce"])) >= 20
    assert CLIENT_SECRET not in away.url


def test_first_prime_becomes_administrator(client, sign_in):
    response = sign_in()

    assert response.url == reverse("accounts:profile")
    account = GbizAccount.objects.get()
    assert (account.account_type, account.corp_type, account.subject) == (GbizAccountType.PRIME, "1", "1242")
    user = account.user
    assert (user.name, user.contact_email, user.email) == ("森 さくら", "mori@hikari.example", None)
    membership = user.memberships.get()
    assert (membership.role, membership.company.name) == (Role.VENDOR_ADMINISTRATOR, "株式会社ひかり窓口")
    assert can_submit(user, membership.company)
    assert client.session["_auth_user_id"] == str(user.pk)
    assert [event.type for event in AuditEvent.objects.all()] == ["membership:granted", "user:signed_in"]
    assert "森" not in "".join(str(event.data) for event in AuditEvent.objects.all())


def test_sign_in_gives_the_session_a_new_key_and_goes_where_the_person_wanted(client, sign_in):
    client.post(reverse("gbizid_start"))
    before = client.session.session_key
    response = sign_in(start={"next": "/account/sessions/"})
    assert response.url == "/account/sessions/"
    assert client.session.session_key != before
    assert client.get(response.url).context["session_count"] == 1


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_sign_in_leads_to_no_other_site(sign_in, target):
    assert sign_in(start={"next": target}).url == reverse("accounts:profile")


def test_second_sign_in_changes_nothing_but_the_time(sign_in, client):
    sign_in()
    client.post(reverse("account_logout"))
    sign_in()
    assert (User.objects.count(), Company.objects.count(), Membership.objects.count()) == (1, 1, 1)


@pytest.mark.parametrize(
    ("lie", "value"),
    [
        ("iss", "https://gbiz-id.example/oauth/"),
        ("iss", None),
        ("aud", "another-service"),
        ("aud", [CLIENT_ID, "another-service"]),
        ("aud", None),
        ("sub", None),
        ("nonce", "stolen"),
        ("nonce", None),
        pytest.param("exp", int(time.time()) - 31, id="exp-past"),  # parallel workers compare names
        ("exp", None),
        pytest.param("iat", int(time.time()) + 3600, id="iat-future"),
        ("iat", None),
        ("azp", "another-service"),
    ],
)
def test_id_token_with_a_wrong_claim_is_refused(provider, sign_in, lie, value):
    provider.id_token = {lie: value}
    assert_refused(sign_in(), "token")


def test_id_token_for_another_client_is_refused_though_it_authorizes_us(provider, sign_in):
    provider.id_token = {"aud": "another-service", "azp": CLIENT_ID}
    assert_refused(sign_in(), "token")


@pytest.mark.parametrize("forgery", ["unsigned", "signed_with_the_public_key", "signed_by_a_stranger"])
def test_id_token_with_a_forged_signature_is_refused(provider, sign_in, forgery):
    provider.sign = getattr(provider, forgery)
    assert_refused(sign_in(), "token")


@pytest.mark.parametrize("rubbish", ["", "not.a.token", "a.b.c.d.e", {"an": "object"}, 7])
def test_id_token_of_the_wrong_shape_is_refused(provider, sign_in, rubbish):
    provider.sign = lambda header, claims: rubbish
    assert_refused(sign_in(), "token")


def test_authentication_of_yesterday_is_refused_and_the_next_one_demands_a_new_one(provider, sign_in, client):
    provider.id_token = {"auth_time": int(time.time()) - 13 * 3600}
    response = sign_in()
    assert_refused(response, "stale")
    assert 'name="again"' in response.content.decode()
    assert parameters(client.post(reverse("gbizid_start"), {"again": "1"}).url)["prompt"] == "login"


def test_userinfo_of_another_account_is_refused(provider, sign_in):
    provider.id_token = {"sub": "9999"}
    assert_refused(sign_in(), "subject")


@pytest.mark.parametrize(
    "claims", [{"account_type": "4"}, {"account_type": None}, {"corp_type": ""}, {"corporate_number": "12"}]
)
def test_userinfo_without_what_we_need_is_refused(provider, sign_in, claims):
    provider.userinfo |= claims
    assert_refused(sign_in(), "claims")


def test_cancelling_says_so_and_offers_another_try(client, sign_in):
    response = sign_in(code=None, error="access_denied")
    assert_refused(response, "cancelled", status=200)
    assert "サインインを取りやめました" in response.content.decode()


def test_error_with_a_foreign_state_is_not_believed(sign_in):
    assert_refused(sign_in(code=None, error="access_denied", state="invented"), "state")


@pytest.mark.parametrize("state", ["invented", "", None])
def test_answer_with_a_wrong_state_is_refused(sign_in, state):
    assert_refused(sign_in(state=state), "state")


def test_answer_brought_to_another_browser_is_refused(client, provider):
    back = provider.authorize(client.post(reverse("gbizid_start")).url)
    assert_refused(type(client)().get(reverse("gbizid_callback"), back), "state")


def test_replayed_answer_is_refused(client, provider):
    back = provider.authorize(client.post(reverse("gbizid_start")).url)
    assert client.get(reverse("gbizid_callback"), back).status_code == 302
    stranger = type(client)()
    provider_state = client.post(reverse("gbizid_start"))
    again = client.get(reverse("gbizid_callback"), back | {"state": parameters(provider_state.url)["state"]})
    assert again.context["failure"] == "code"
    assert stranger.get(reverse("gbizid_callback"), back).context["failure"] == "state"
    assert User.objects.count() == 1


def test_expired_or_unknown_code_is_refused(sign_in):
    assert_refused(sign_in(code="0123456789abcdefghijkl"), "code")


def test_code_injected_from_another_sign_in_fails_its_pkce_check(client, provider, sign_in):
    """A stolen code is worthless in the thief's own browser: the verifier stays with the victim."""
    stolen = provider.authorize(type(client)().post(reverse("gbizid_start")).url)["code"]
    assert_refused(sign_in(code=stolen), "code")


@pytest.mark.parametrize(
    "path", ["/oauth/.well-known/openid-configuration", "/oauth/token", "/oauth/some-keys", "/oauth/userinfo"]
)
def test_provider_that_is_down_says_so(provider, sign_in, path):
    provider.down = {path}
    response = sign_in()
    assert_refused(response, "unavailable", status=503)
    assert "GビズIDにつながりません" in response.content.decode()


def test_provider_that_hangs_does_not_hang_us(provider, sign_in, monkeypatch):
    monkeypatch.setattr(gbizid, "TIMEOUT_SECONDS", 0.2)
    gbizid._client.cache_clear()
    provider.slow = 0.6
    assert_refused(sign_in(), "unavailable", status=503)


def test_nobody_listens_says_so(settings, client):
    settings.GBIZID_DISCOVERY_URL = "http://127.0.0.1:9/oauth/.well-known/openid-configuration"
    assert_refused(client.post(reverse("gbizid_start")), "unavailable", status=503)


def test_discovery_that_speaks_for_another_host_is_refused(provider, sign_in):
    provider.metadata = {"issuer": "https://gbiz-id.example/oauth/"}
    assert_refused(sign_in(), "refused", status=502)


def test_issuer_is_taken_from_discovery_with_or_without_its_slash(provider, sign_in):
    provider.metadata = {"issuer": provider.issuer.rstrip("/")}
    provider.id_token = {"iss": provider.issuer.rstrip("/")}
    assert sign_in().status_code == 302


def test_wrong_client_secret_is_our_fault_and_says_so(settings, provider, sign_in):
    settings.GBIZID_CLIENT_SECRET = "mistyped"
    assert_refused(sign_in(), "refused", status=502)


def test_new_signing_key_is_fetched_when_a_token_names_it(client, provider, sign_in):
    sign_in()
    client.post(reverse("account_logout"))
    provider.key = RSAKey.generate_key(2048, {"kid": "second"})
    provider.published = [provider.key]

    assert sign_in().status_code == 302
    assert provider.requests.count("/oauth/some-keys") == 2
    assert provider.requests.count("/oauth/.well-known/openid-configuration") == 1


def test_withdrawn_key_is_forgotten_after_an_hour(client, provider, sign_in, monkeypatch):
    sign_in()
    client.post(reverse("account_logout"))
    provider.published = [RSAKey.generate_key(2048, {"kid": "second"})]
    monkeypatch.setattr(gbizid, "METADATA_LIFE_SECONDS", -1)
    assert sign_in().context["failure"] == "token"


def test_nothing_personal_reaches_the_log(provider, sign_in, caplog):
    provider.id_token = {"sub": "9999"}
    sign_in()
    text = caplog.text
    assert "subject" in text
    assert not any(value in text for value in ("森", "さくら", "hikari", "1242", "9999"))


# Companies and their people


def test_second_prime_of_a_company_joins_as_member_who_may_submit(client, provider, sign_in):
    sign_in()
    client.post(reverse("account_logout"))
    provider.userinfo |= {"sub": "2000", "user_first_nm": "一郎"}
    sign_in()
    membership = Membership.objects.get(user__gbiz_account__subject="2000")
    assert (membership.role, Company.objects.count()) == (Role.VENDOR_MEMBER, 1)
    assert can_submit(membership.user, membership.company)


@pytest.mark.parametrize(
    ("mandate", "may_submit", "landing"),
    [
        ([{"client_id": CLIENT_ID}], True, "accounts:profile"),
        ([{"client_id": "another-service"}], False, "accounts:limits"),
        ([], False, "accounts:limits"),
        (None, False, "accounts:limits"),
        ("marketplace", False, "accounts:limits"),
    ],
)
def test_member_may_submit_only_with_a_mandate_for_us(client, provider, sign_in, mandate, may_submit, landing):
    provider.userinfo |= {"account_type": "3", "parent_id": "1", "mandate_info": mandate}
    response = sign_in()
    membership = Membership.objects.get()
    assert response.url == reverse(landing)
    assert membership.role == Role.VENDOR_MEMBER
    assert can_draft(membership.user, membership.company)
    assert can_submit(membership.user, membership.company) is may_submit
    assert client.get(response.url).status_code == 200


def test_entry_account_may_draft_only_and_is_told(client, provider, sign_in):
    provider.userinfo |= {"account_type": "1"}
    response = sign_in()
    assert response.url == reverse("accounts:limits")
    assert "GビズIDエントリーでサインインしました" in client.get(response.url).content.decode()
    membership = Membership.objects.get()
    assert can_draft(membership.user, membership.company)
    assert not can_submit(membership.user, membership.company)


def test_entry_account_cannot_walk_in_on_a_company_with_people(provider, sign_in):
    company = MembershipFactory(company__corporate_number=PRIME["corporate_number"]).company
    provider.userinfo |= {"account_type": "1"}
    response = sign_in()
    assert (response.status_code, response.context["failure"]) == (403, "company_has_members")
    assert company.memberships.count() == 1
    assert not GbizAccount.objects.exists()


def test_prime_ends_what_a_self_declared_account_began(client, provider, sign_in):
    provider.userinfo |= {"account_type": "1", "sub": "500", "name": "自称の会社"}
    sign_in()
    client.post(reverse("account_logout"))
    provider.userinfo = dict(PRIME)
    sign_in()
    in_force = Membership.objects.get(ended_at=None)
    assert (in_force.user.gbiz_account.subject, in_force.role) == ("1242", Role.VENDOR_ADMINISTRATOR)
    assert Company.objects.get().name == PRIME["name"]


def test_entry_upgraded_to_prime_becomes_administrator(client, provider, sign_in):
    provider.userinfo |= {"account_type": "1"}
    sign_in()
    client.post(reverse("account_logout"))
    provider.userinfo |= {"account_type": "2"}
    sign_in()
    assert [m.role for m in GbizAccount.objects.get().user.active_memberships] == [Role.VENDOR_ADMINISTRATOR]


def test_account_without_a_company_is_told(provider, sign_in):
    provider.userinfo |= {"account_type": "1", "corporate_number": ""}
    assert_refused(sign_in(), "no_company", status=403)


def test_sole_proprietor_signs_in_under_their_own_number(provider, sign_in):
    provider.userinfo |= {"corp_type": "2", "corporate_number": "9700012900808"}
    assert sign_in().status_code == 302
    assert Company.objects.get().is_sole_proprietor


def test_number_with_a_wrong_check_digit_is_let_in(provider, sign_in, caplog):
    """The guideline's own sample fails it, so the provider's test environment would be unusable."""
    provider.userinfo |= {"corporate_number": "2710100718279"}
    assert sign_in().status_code == 302
    assert "check_digit" in caplog.text


def test_proven_account_that_changes_company_is_stopped(client, provider, sign_in):
    sign_in()
    client.post(reverse("account_logout"))
    provider.userinfo |= {"corporate_number": "1180301018771"}
    response = sign_in()
    assert (response.status_code, response.context["failure"]) == (403, "company_changed")
    assert [company.corporate_number for company in Company.objects.all()] == [PRIME["corporate_number"]]


def test_closed_account_is_told(client, provider, sign_in):
    sign_in()
    client.post(reverse("account_logout"))
    User.objects.update(is_active=False)
    response = sign_in()
    assert (response.status_code, response.context["failure"]) == (403, "inactive")
    assert "_auth_user_id" not in client.session


def test_official_keeps_no_rights_when_a_vendor_signs_in_on_the_same_browser(client, sign_in):
    official = UserFactory(official=True)
    client.force_login(official)
    sign_in()
    assert client.session["_auth_user_id"] != str(official.pk)
    assert client.get(reverse("accounts:profile")).context["user"].gbiz_account.subject == "1242"


def test_signing_in_is_post_only(client):
    assert client.get(reverse("gbizid_start")).status_code == 405
