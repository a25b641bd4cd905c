"""Officials and the operator: e-mail code, then a second factor, and nothing else before."""

import re
import time

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.core.cache import cache
from django.test import override_settings
from django.urls import reverse

from marketplace.accounts import actions
from marketplace.accounts.enums import Role
from marketplace.accounts.models import User
from marketplace.audit.models import AuditEvent
from tests.factories.accounts import AgencyDomainFactory, MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh_rate_limits():
    cache.clear()


@pytest.fixture
def officer():
    user = MembershipFactory(officer=True).user
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


@pytest.fixture
def commits_at_once(monkeypatch):
    """Tests roll back, so what waits for a commit would never happen."""
    monkeypatch.setattr("django.db.transaction.on_commit", lambda function, **options: function())


def code_in(mail):
    return re.search(r"\d{4}-\d{4}", mail.body).group()


def totp_code(secret):
    return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))


def ask_for_code(client, address):
    return client.post(reverse("account_request_login_code"), {"email": address})


def enter_code(client, code, **follow):
    return client.post(reverse("account_confirm_login_code"), {"code": code}, **follow)


def test_code_sign_in_forces_the_second_factor_first(client, officer, mailoutbox):
    response = ask_for_code(client, officer.email.upper())
    assert response.url == reverse("account_confirm_login_code")
    assert [mail.to for mail in mailoutbox] == [[officer.email]]

    enter_code(client, code_in(mailoutbox[0]))

    assert client.session["_auth_user_id"] == str(officer.pk)
    response = client.get(reverse("accounts:profile"))
    assert response.url == reverse("mfa_index")
    page = client.get(response.url)
    assert "続けるには、2段階認証の設定が必要です" in page.content.decode()
    assert client.post(reverse("accounts:access_request_create")).status_code == 403


def test_official_without_an_address_record_needs_one_code_only(client, mailoutbox):
    user = MembershipFactory(officer=True).user
    ask_for_code(client, user.email)
    enter_code(client, code_in(mailoutbox[0]))
    assert client.session["_auth_user_id"] == str(user.pk)
    assert len(mailoutbox) == 1


def test_enrolled_official_signs_in_with_a_second_factor(client, mailoutbox, settings):
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "marketplace.devmail"]
    user = actions.enrol_official(name="運営 一郎", email="ichiro@operator.example", second_factor=True)
    ask_for_code(client, user.email)
    assert enter_code(client, code_in(mailoutbox[0])).url == reverse("mfa_authenticate")

    with override_settings(ROOT_URLCONF="marketplace.devmail.urls"):
        page = client.get("/dev/authenticator/")
    ((person, code),) = page.context["codes"]
    client.post(reverse("mfa_authenticate"), {"code": code})
    assert client.session["_auth_user_id"] == str(person.pk) == str(user.pk)


def test_authenticator_page_exists_in_development_only(client):
    client.force_login(UserFactory(official=True))
    assert client.get("/dev/authenticator/").status_code == 404


def test_code_sign_in_rotates_the_session(client, officer, mailoutbox):
    ask_for_code(client, officer.email)
    before = client.session.session_key
    enter_code(client, code_in(mailoutbox[0]))
    assert client.session.session_key != before


def test_totp_set_up_opens_the_rest_and_shows_recovery_codes(client, officer, mailoutbox, commits_at_once):
    ask_for_code(client, officer.email)
    enter_code(client, code_in(mailoutbox[0]))
    secret = client.get(reverse("mfa_activate_totp")).context["form"].secret

    response = client.post(reverse("mfa_activate_totp"), {"code": totp_code(secret)})

    assert response.url == reverse("mfa_view_recovery_codes")
    page = client.get(response.url)
    assert len(page.context["unused_codes"]) == 10
    assert client.get(reverse("accounts:profile")).status_code == 200
    stored = Authenticator.objects.get(user=officer, type=Authenticator.Type.TOTP).data["secret"]
    assert secret not in stored
    assert mailoutbox[-1].subject == "【デジタルマーケットプレイス】安全の設定の変更"


def test_second_sign_in_asks_for_totp_and_accepts_full_width_digits(client, officer, mailoutbox):
    secret = generate_totp_secret()
    TOTP.activate(officer, secret)
    ask_for_code(client, officer.email)

    response = enter_code(client, code_in(mailoutbox[0]))
    assert response.url == reverse("mfa_authenticate")
    assert "_auth_user_id" not in client.session

    wide = totp_code(secret).translate(str.maketrans("0123456789", "０１２３４５６７８９"))
    client.post(reverse("mfa_authenticate"), {"code": wide})
    assert client.get(reverse("accounts:profile")).status_code == 200
    assert AuditEvent.objects.get(type="user:signed_in").actor == officer.reference


def test_totp_wrong_five_times_locks_even_the_right_code_out(client, officer, mailoutbox):
    secret = generate_totp_secret()
    TOTP.activate(officer, secret)
    ask_for_code(client, officer.email)
    enter_code(client, code_in(mailoutbox[0]))

    right = totp_code(secret)
    wrong = f"{(int(right) + 1) % 1_000_000:06}"
    for _ in range(5):
        response = client.post(reverse("mfa_authenticate"), {"code": wrong})
        assert "認証コードが正しくありません" in response.content.decode()

    response = client.post(reverse("mfa_authenticate"), {"code": right})
    assert "上限に達しました" in response.content.decode()
    assert "_auth_user_id" not in client.session


def test_session_without_the_factor_must_pass_it_once_the_account_has_one(client, officer, mailoutbox):
    """Whoever holds the mailbox alone opened a session before the factor was set up elsewhere."""
    ask_for_code(client, officer.email)
    enter_code(client, code_in(mailoutbox[0]))
    TOTP.activate(officer, generate_totp_secret())

    response = client.get(reverse("accounts:profile"))

    assert response.url.startswith(reverse("mfa_reauthenticate"))
    assert client.get(response.url).status_code == 200


def test_second_factor_cannot_be_removed_when_it_is_the_last(client, officer):
    TOTP.activate(officer, generate_totp_secret())
    client.force_login(officer)
    session = client.session
    session["account_authentication_methods"] = [{"method": "mfa", "at": time.time(), "reauthenticated": True}]
    session.save()
    page = client.post(reverse("mfa_deactivate_totp"))
    assert "最後の認証手段は削除できません" in page.content.decode()
    assert Authenticator.objects.filter(user=officer).count() == 1


def test_wrong_code_three_times_ends_the_attempt(client, officer, mailoutbox):
    ask_for_code(client, officer.email)
    right = code_in(mailoutbox[0])
    wrong = "0000-0000" if right != "0000-0000" else "1111-1111"

    for _ in range(2):
        assert "確認コードが正しくありません" in enter_code(client, wrong).content.decode()
    assert enter_code(client, wrong).url == reverse("account_request_login_code")

    enter_code(client, right)
    assert "_auth_user_id" not in client.session


def test_expired_code_is_refused(client, officer, mailoutbox, monkeypatch):
    ask_for_code(client, officer.email)
    now = time.time()
    monkeypatch.setattr("allauth.account.internal.flows.code_verification.time.time", lambda: now + 601)

    response = enter_code(client, code_in(mailoutbox[0]))

    assert response.url == reverse("account_request_login_code")
    assert "_auth_user_id" not in client.session


def test_code_of_another_browser_is_refused(client, officer, mailoutbox):
    ask_for_code(client, officer.email)
    stranger = type(client)()
    response = enter_code(stranger, code_in(mailoutbox[0]))
    assert response.url == reverse("account_request_login_code")
    assert "_auth_user_id" not in stranger.session


def test_fourth_code_within_a_minute_is_not_sent(client, officer, mailoutbox):
    for _ in range(3):
        ask_for_code(type(client)(), officer.email)
    page = ask_for_code(client, officer.email)
    assert len(mailoutbox) == 3
    assert "上限に達しました" in page.content.decode()


def test_code_sent_again_replaces_the_first(client, officer, mailoutbox):
    ask_for_code(client, officer.email)
    client.post(reverse("account_confirm_login_code"), {"action": "resend"})
    first, second = map(code_in, mailoutbox)

    enter_code(client, first)
    assert "_auth_user_id" not in client.session
    enter_code(client, second)
    assert client.session["_auth_user_id"] == str(officer.pk)


def test_unknown_address_gets_the_same_page_and_a_letter_without_code(client, officer, mailoutbox):
    known = ask_for_code(client, officer.email)
    unknown = ask_for_code(type(client)(), "nobody@city.example")
    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)
    assert mailoutbox[1].to == ["nobody@city.example"]
    assert reverse("account_signup") in mailoutbox[1].body
    assert not re.search(r"\d{4}-\d{4}", mailoutbox[1].body)


def test_vendor_contact_address_never_opens_a_session(client, mailoutbox):
    vendor = MembershipFactory().user
    ask_for_code(client, vendor.contact_email)
    assert not re.search(r"\d{4}-\d{4}", mailoutbox[0].body)


def test_vendor_with_a_stray_address_record_is_turned_away(client, mailoutbox):
    vendor = MembershipFactory().user
    EmailAddress.objects.create(user=vendor, email=vendor.contact_email, verified=True, primary=True)
    ask_for_code(client, vendor.contact_email)
    response = enter_code(client, code_in(mailoutbox[0]))
    assert response.url == reverse("account_inactive")
    assert "_auth_user_id" not in client.session
    assert client.get(response.url).status_code == 200


def sign_up(client, mailoutbox, address):
    client.post(reverse("account_signup"), {"name": "白石 直子", "email": address})
    return client.post(reverse("account_email_verification_sent"), {"code": code_in(mailoutbox[-1])})


def test_sign_up_with_a_listed_domain_makes_a_buyer(client, mailoutbox):
    domain = AgencyDomainFactory(domain="city.midori.example")

    sign_up(client, mailoutbox, "Shiraishi@City.Midori.example")

    user = User.objects.get(email="shiraishi@city.midori.example")
    assert [(m.agency, m.role) for m in user.active_memberships] == [(domain.agency, Role.BUYER)]
    assert not user.has_usable_password()
    assert client.get("/").url == reverse("mfa_index")


def test_sign_up_with_another_domain_grants_nothing(client, mailoutbox):
    AgencyDomainFactory(domain="city.midori.example")
    sign_up(client, mailoutbox, "someone@sub.city.midori.example")
    assert User.objects.get(email="someone@sub.city.midori.example").active_memberships == []


def test_sign_up_unconfirmed_grants_nothing(client, mailoutbox):
    AgencyDomainFactory(domain="city.midori.example")
    client.post(reverse("account_signup"), {"name": "白石 直子", "email": "a@city.midori.example"})
    assert User.objects.get(email="a@city.midori.example").active_memberships == []
    assert "_auth_user_id" not in client.session


def test_sign_up_with_a_taken_address_looks_the_same(client, officer, mailoutbox):
    response = client.post(reverse("account_signup"), {"name": "別人", "email": officer.email})
    assert response.url == reverse("account_email_verification_sent")
    assert client.get(response.url).status_code == 200
    assert reverse("account_request_login_code") in mailoutbox[0].body
    assert User.objects.filter(email=officer.email).count() == 1


def test_sign_up_in_a_flood_is_slowed_down_with_a_page(client, settings, mailoutbox):
    settings.ACCOUNT_RATE_LIMITS = {"signup": "1/h/ip"}
    client.post(reverse("account_signup"), {"name": "一", "email": "one@city.example"})
    response = type(client)().post(reverse("account_signup"), {"name": "二", "email": "two@city.example"})
    assert response.status_code == 429
    assert "短い時間に操作が続きました" in response.content.decode()
    assert len(mailoutbox) == 1


def test_domain_list_does_not_bring_back_a_role_the_operator_ended(client, officer, mailoutbox):
    AgencyDomainFactory(domain=officer.email.partition("@")[2])
    officer.memberships.update(ended_at="2026-04-01T00:00:00Z")
    ask_for_code(client, officer.email)
    enter_code(client, code_in(mailoutbox[0]))
    assert User.objects.get(pk=officer.pk).active_memberships == []


def test_sessions_are_listed_and_the_others_ended(client, officer, mailoutbox):
    other = type(client)()
    for browser in (other, client):
        ask_for_code(browser, officer.email)
        enter_code(browser, code_in(mailoutbox[-1]))
        session = browser.session
        session["account_authentication_methods"] = [{"method": "mfa", "at": 0}]
        session.save()

    page = client.get(reverse("usersessions_list"))
    assert page.context["session_count"] == 2
    client.post(reverse("usersessions_list"))

    assert other.get(reverse("accounts:profile")).url.startswith(reverse("account_login"))
    assert client.get(reverse("accounts:profile")).status_code == 200


def test_sign_out_needs_a_post_and_ends_the_session(client):
    client.force_login(UserFactory(official=True))
    assert client.get(reverse("account_logout")).status_code == 200
    assert "_auth_user_id" in client.session
    client.post(reverse("account_logout"))
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("path", ["/sign-in/password/", "/account/password/", "/accounts/login/", "/password/reset/"])
def test_no_password_page_exists(client, path):
    client.force_login(UserFactory(official=True))
    assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    "name",
    [
        "mfa_index",
        "mfa_activate_totp",
        "mfa_add_webauthn",
        "mfa_list_webauthn",
        "mfa_view_recovery_codes",
        "mfa_generate_recovery_codes",
        "usersessions_list",
        "accounts:profile",
        "account_logout",
    ],
)
def test_page_renders_in_japanese(client, officer, name):
    client.force_login(officer)
    from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes

    RecoveryCodes.activate(officer)
    session = client.session
    session["account_authentication_methods"] = [{"method": "mfa", "at": time.time(), "reauthenticated": True}]
    session.save()
    page = client.get(reverse(name))
    assert page.status_code == 200
    body = page.content.decode()
    assert 'lang="ja"' in body
    main = re.sub(r"<script.*?</script>", "", body[body.index("<main") : body.index("</main>")], flags=re.DOTALL)
    assert not re.search(r"authenticat|password|sign (in|out)", re.sub(r"<[^>]*>", " ", main), re.IGNORECASE)


@pytest.mark.parametrize("name", ["account_login", "account_request_login_code", "account_signup", "account_inactive"])
def test_entrance_renders_for_a_visitor(client, name):
    page = client.get(reverse(name))
    assert page.status_code == 200
    assert "placeholder" not in page.content.decode()
