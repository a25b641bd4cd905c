"""Both ways in, in a real browser: pages, policy, accessibility, and a passkey."""

import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core.cache import cache
from django.urls import reverse

from marketplace.accounts import gbizid
from marketplace.accounts.models import GbizAccount
from tests.axe import violations
from tests.factories.accounts import AgencyDomainFactory
from tests.gbizid_standin.process import CLIENT, discovery_url, running_standin

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _site(settings, live_server):
    cache.clear()
    settings.PUBLIC_URL = live_server.url
    settings.MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True


@pytest.fixture
def visit(page, live_server):
    """Open a page of ours; at the end nothing may have offended the policy or failed in script."""
    complaints = []
    page.on("console", lambda message: message.type == "error" and complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield lambda name: page.goto(live_server.url + reverse(name))
    assert complaints == []


def press(page, label):
    page.get_by_role("button", name=label, exact=True).click()


def last_code(mailoutbox):
    return re.search(r"\d{4}-\d{4}", mailoutbox[-1].body).group()


def sign_up(page, visit, mailoutbox):
    visit("account_signup")
    page.get_by_label("氏名").fill("白石 直子")
    page.get_by_label("メールアドレス").fill("shiraishi@city.midori.example")
    assert violations(page) == []
    press(page, "確認コードを送る")
    assert violations(page) == []
    page.get_by_label("確認コード").fill(last_code(mailoutbox))
    press(page, "確認する")
    assert page.get_by_role("heading", level=1).inner_text() == "2段階認証の設定"
    assert violations(page) == []


def test_official_signs_up_and_sets_up_an_authenticator_app(page, visit, mailoutbox):
    AgencyDomainFactory(domain="city.midori.example", agency__name="みどり市")
    sign_up(page, visit, mailoutbox)

    page.get_by_role("link", name="認証アプリを設定する").click()
    assert violations(page) == []
    secret = page.locator("[data-secret]").inner_text()
    page.get_by_label("認証コード").fill(
        format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))
    )
    press(page, "設定する")
    assert page.get_by_role("heading", level=1).inner_text() == "予備コード"
    assert violations(page) == []

    visit("accounts:profile")
    assert page.get_by_role("heading", level=1).inner_text() == "アカウント"
    assert "みどり市" in page.get_by_role("main").inner_text()
    assert violations(page) == []


def test_passkey_is_added_and_then_opens_the_next_session(page, visit, mailoutbox):
    AgencyDomainFactory(domain="city.midori.example")
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
            }
        },
    )
    sign_up(page, visit, mailoutbox)
    page.get_by_role("link", name="パスキーを追加する").click()
    assert violations(page) == []
    press(page, "追加する")
    page.get_by_role("heading", name="予備コード", level=1).wait_for()
    assert Authenticator.objects.filter(type=Authenticator.Type.WEBAUTHN).count() == 1

    visit("account_logout")
    page.get_by_role("main").get_by_role("button", name="サインアウト").click()
    visit("account_login")
    assert violations(page) == []
    page.get_by_label("メールアドレス").fill("shiraishi@city.midori.example")
    press(page, "確認コードを送る")
    page.get_by_label("確認コード").fill(last_code(mailoutbox))
    press(page, "確認する")
    page.get_by_role("heading", name="2段階認証", exact=True).wait_for()
    assert violations(page) == []
    press(page, "パスキーでサインイン")
    page.wait_for_url(lambda url: "/account/" not in url)
    visit("accounts:profile")
    assert "白石 直子" in page.get_by_role("main").inner_text()


@pytest.mark.services
def test_vendor_signs_in_through_the_stand_in(page, visit, live_server, settings):
    with running_standin(live_server.url) as standin:
        settings.GBIZID_DISCOVERY_URL = discovery_url(standin)
        settings.GBIZID_CLIENT_ID, settings.GBIZID_CLIENT_SECRET = CLIENT
        settings.CONTENT_SECURITY_POLICY = {
            "DIRECTIVES": settings.CONTENT_SECURITY_POLICY["DIRECTIVES"] | {"form-action": ["'self'", standin]}
        }
        gbizid._client.cache_clear()

        visit("account_login")
        press(page, "GビズIDでサインイン")
        assert page.get_by_role("heading", level=1).inner_text() == "アカウントの選択"
        assert violations(page) == []
        press(page, "キャンセルして戻る")
        assert page.get_by_role("heading", level=1).inner_text() == "サインインを取りやめました"
        assert violations(page) == []

        press(page, "もう一度サインインする")
        page.get_by_role("button", name="エントリー").first.click()
        assert page.get_by_role("heading", level=1).inner_text() == "ご利用になれる範囲"
        assert violations(page) == []

    assert GbizAccount.objects.get().subject == "100901"
