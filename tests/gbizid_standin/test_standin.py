"""The stand-in as a real process of its own, spoken to over HTTP, and our client against it."""

import json
import re
from urllib.parse import urlsplit

import pytest
import requests
from django.urls import reverse
from joserfc import jwt
from joserfc.jwk import KeySet
from stdnum.jp import cn

from marketplace.accounts import gbizid
from marketplace.accounts.enums import GbizAccountType, Role
from marketplace.accounts.models import GbizAccount
from marketplace.accounts.permissions import can_submit
from marketplace.gbizid_standin.keys import signing_key
from marketplace.gbizid_standin.presets import accounts, claims
from tests.gbizid_standin.process import CLIENT, REPOSITORY, discovery_url, running_standin

CALLBACK = "http://testserver/sign-in/gbizid/callback/"


@pytest.fixture(scope="module")
def standin(django_db_setup):
    with running_standin("http://testserver") as base:
        yield base


@pytest.fixture
def discovery(standin):
    return requests.get(discovery_url(standin), timeout=5).json()


def authorize(discovery, **changes):
    """Ask for the account page the way our client does."""
    asked = {
        "response_type": "code",
        "client_id": CLIENT[0],
        "redirect_uri": CALLBACK,
        "scope": "openid profile user mandate email",
        "state": "state-of-the-client",
        "nonce": "nonce-of-the-client",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
    } | changes
    asked = {key: value for key, value in asked.items() if value is not None}
    browser = requests.Session()
    return browser, browser.get(discovery["authorization_endpoint"], params=asked, allow_redirects=False, timeout=5)


def choose(browser, page, account):
    """Press the button of ``account`` ('' is cancel) and return where the browser is sent."""
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))
    answer = browser.post(page.url, data=hidden | {"account": account}, allow_redirects=False, timeout=5)
    assert answer.status_code == 302, answer.text
    return answer.headers["Location"]


def query(location):
    return dict(re.findall(r"[?&]([^=&]+)=([^&]*)", location))


def exchange(discovery, location, *, auth=CLIENT, **changes):
    return requests.post(
        discovery["token_endpoint"],
        data={
            "grant_type": "authorization_code",
            "code": query(location)["code"],
            "redirect_uri": CALLBACK,
            "code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        }
        | changes,
        auth=auth,
        timeout=5,
    )


@pytest.mark.services
@pytest.mark.django_db
class TestProcess:
    def test_discovery_announces_only_what_gbizid_does(self, standin, discovery):
        assert discovery["issuer"] == f"{standin}/oauth/"
        assert discovery["authorization_endpoint"] == f"{standin}/oauth/authorize"
        assert discovery["token_endpoint"] == f"{standin}/oauth/token"
        assert discovery["userinfo_endpoint"] == f"{standin}/oauth/userinfo"
        assert discovery["response_types_supported"] == ["code"]
        assert discovery["code_challenge_methods_supported"] == ["S256"]
        assert discovery["id_token_signing_alg_values_supported"] == ["RS256"]
        assert discovery["token_endpoint_auth_methods_supported"] == ["client_secret_basic"]

    def test_account_page_says_that_it_is_no_real_gbizid(self, discovery):
        _, page = authorize(discovery)
        assert "これは開発用の代用です" in page.text
        assert page.text.count("<li>") == len(accounts())
        assert "'none'" in page.headers["Content-Security-Policy"]
        assert "<script" not in page.text

    def test_id_token_is_rs256_without_personal_data(self, discovery):
        location = choose(*authorize(discovery), "100101")
        token = exchange(discovery, location).json()
        keys = KeySet.import_key_set(requests.get(discovery["jwks_uri"], timeout=5).json())
        decoded = jwt.decode(token["id_token"], keys, algorithms=["RS256"])
        assert query(location)["state"] == "state-of-the-client"
        assert decoded.claims["nonce"] == "nonce-of-the-client"
        assert (decoded.claims["iss"], decoded.claims["aud"], decoded.claims["sub"]) == (
            discovery["issuer"],
            CLIENT[0],
            "100101",
        )
        assert decoded.claims["auth_time"] <= decoded.claims["exp"] - 3590
        assert set(decoded.claims) == {"iss", "aud", "sub", "iat", "exp", "auth_time", "nonce", "jti", "at_hash"}
        assert token["expires_in"] == 3600

    def test_code_works_once(self, discovery):
        location = choose(*authorize(discovery), "100101")
        assert exchange(discovery, location).status_code == 200
        assert exchange(discovery, location).json()["error"] == "invalid_grant"

    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
            ({"response_type": "token"}, "unauthorized_client"),
            ({"scope": "openid everything"}, "invalid_scope"),
        ],
    )
    def test_faulty_request_is_sent_back_with_its_error(self, discovery, changes, error):
        _, answer = authorize(discovery, **changes)
        assert answer.headers["Location"].startswith(CALLBACK)
        assert query(answer.headers["Location"].replace("#", "?"))["error"] == error

    def test_plain_challenge_earns_no_code(self, discovery):
        location = choose(*authorize(discovery, code_challenge_method="plain"), "100101")
        assert query(location)["error"] == "invalid_request"

    @pytest.mark.parametrize("changes", [{"redirect_uri": "http://evil.example/"}, {"client_id": "unknown"}])
    def test_foreign_client_or_address_is_not_redirected(self, discovery, changes):
        _, answer = authorize(discovery, **changes)
        assert answer.status_code == 400
        assert "Location" not in answer.headers

    def test_verifier_and_secret_are_checked(self, discovery):
        location = choose(*authorize(discovery), "100101")
        assert exchange(discovery, location, auth=(CLIENT[0], "guess")).status_code == 401
        in_body = exchange(discovery, location, auth=None, client_id=CLIENT[0], client_secret=CLIENT[1])
        assert in_body.json()["error"] == "invalid_client"
        assert exchange(discovery, location, code_verifier="x" * 43).json()["error"] == "invalid_grant"

    def test_userinfo_speaks_within_the_scopes(self, discovery):
        token = exchange(discovery, choose(*authorize(discovery, scope="openid email"), "100102")).json()
        userinfo = requests.get(
            discovery["userinfo_endpoint"], headers={"Authorization": f"Bearer {token['access_token']}"}, timeout=5
        )
        assert userinfo.json() == {"sub": "100102", "email": "ogawa@madoguchi-lab.example"}
        assert requests.get(discovery["userinfo_endpoint"], timeout=5).status_code == 401


@pytest.mark.services
@pytest.mark.django_db
class TestOurClient:
    @pytest.fixture
    def sign_in(self, client, settings, standin):
        settings.GBIZID_DISCOVERY_URL = discovery_url(standin)
        settings.GBIZID_CLIENT_ID, settings.GBIZID_CLIENT_SECRET = CLIENT
        gbizid._client.cache_clear()

        def walk(account):
            browser = requests.Session()
            page = browser.get(client.post(reverse("gbizid_start")).url, timeout=5)
            back = urlsplit(choose(browser, page, account))
            return client.get(f"{back.path}?{back.query}")

        return walk

    @pytest.mark.parametrize(
        ("account", "kind", "role", "may_submit"),
        [
            ("100101", GbizAccountType.PRIME, Role.VENDOR_ADMINISTRATOR, True),
            ("100102", GbizAccountType.MEMBER, Role.VENDOR_MEMBER, True),
            ("100103", GbizAccountType.MEMBER, Role.VENDOR_MEMBER, False),
            ("100801", GbizAccountType.PRIME, Role.VENDOR_ADMINISTRATOR, True),
            ("100901", GbizAccountType.ENTRY, Role.VENDOR_MEMBER, False),
        ],
    )
    def test_preset_account_signs_in(self, client, sign_in, standin, account, kind, role, may_submit):
        assert sign_in(account).status_code == 302
        stored = GbizAccount.objects.get()
        membership = stored.user.memberships.get()
        assert (stored.issuer, stored.subject, stored.account_type) == (gbizid.configured_issuer(), account, kind)
        assert (membership.role, membership.company.name) == (role, accounts()[account]["name"])
        assert can_submit(stored.user, membership.company) is may_submit
        assert client.session["_auth_user_id"] == str(stored.user.pk)

    def test_cancelling_there_is_understood_here(self, sign_in):
        assert sign_in("").context["failure"] == "cancelled"

    def test_account_without_company_is_turned_away(self, sign_in):
        assert sign_in("100902").context["failure"] == "no_company"


def test_presets_are_consistent():
    data = json.loads((REPOSITORY / "marketplace/gbizid_standin/accounts.json").read_text())
    numbers = {company["corporate_number"] for company in data["companies"]}
    for company in data["companies"]:
        assert company["corp_type"] == "2" or cn.is_valid(company["corporate_number"])
    for account in accounts().values():
        assert account["corporate_number"] in numbers or account["account_type"] == "1"
        assert (account["account_type"] == "3") == ("parent_id" in account) == ("mandate" in account)
        if account["account_type"] == "3":
            assert accounts()[account["parent_id"]]["corporate_number"] == account["corporate_number"]


def test_claims_follow_the_guideline():
    every = {"openid", "profile", "user", "mandate", "email"}
    member = claims(accounts()["100102"], scopes=every, client_id="us")
    entry = claims(accounts()["100901"], scopes=every, client_id="us")
    assert member["mandate_info"] == [{"client_id": "us"}]
    assert claims(accounts()["100103"], scopes=every, client_id="us")["mandate_info"] == []
    assert (member["account_type"], member["parent_id"], member["prefecture_name"]) == ("3", "100101", "13")
    assert "birthday_ymd" in member
    assert not {"birthday_ymd", "mandate_info", "parent_id"} & set(entry)


def test_signing_key_is_made_once_and_private(tmp_path):
    path = tmp_path / "standin" / "key.pem"
    assert signing_key(path) == signing_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["key.pem"]
