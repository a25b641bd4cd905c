"""The GビズID client: OpenID Connect by Authlib, hardened (docs/decisions/0006-sign-in.md).

Nothing about the provider is written here: the issuer, the endpoints and the keys come from its discovery document, whose
address is a setting. So the real GビズID and the development stand-in differ by configuration alone.
"""

import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache

import requests
from authlib.integrations.base_client.errors import MismatchingStateError, OAuthError
from authlib.integrations.django_client import OAuth
from authlib.integrations.django_client.apps import DjangoOAuth2App
from django.conf import settings
from django.db.models import TextChoices
from django.urls import reverse
from joserfc.errors import JoseError

from .enums import GbizAccountType

TIMEOUT_SECONDS = 5
LEEWAY_SECONDS = 30
METADATA_LIFE_SECONDS = 3600
"""A key withdrawn by the provider is believed no longer than this; a new one is fetched as soon as a token names it."""
AUTHENTICATION_LIFE_SECONDS = 12 * 60 * 60
"""GビズID knows no max_age, so an old authentication (a forgotten tab on a shared machine) is refused here."""

_DISCOVERY_PATH = ".well-known/openid-configuration"


class Failure(TextChoices):
    """Why a sign-in ended. The value goes to the log and names the page; the label never leaves the code."""

    CANCELLED = "cancelled", "the person pressed cancel"
    STATE = "state", "the answer belongs to no sign-in begun in this browser"
    CODE = "code", "the provider no longer accepts the authorization code"
    TOKEN = "token", "the ID token does not hold"
    SUBJECT = "subject", "UserInfo speaks of another account than the ID token"
    STALE = "stale", "the person proved who they are too long ago"
    CLAIMS = "claims", "UserInfo lacks what we need"
    UNAVAILABLE = "unavailable", "the provider does not answer"
    REFUSED = "refused", "the provider answers with an error"
    NO_COMPANY = "no_company", "the account names no company"
    COMPANY_HAS_MEMBERS = "company_has_members", "a self-declared account names a company that is already here"
    COMPANY_CHANGED = "company_changed", "a proven account now names another company"
    INACTIVE = "inactive", "the operator has closed the account"


class SignInFailed(Exception):
    """Carries a Failure. ``detail`` is for the log: a code or a claim's name, never a value of one."""

    def __init__(self, failure: Failure, detail: str = ""):
        super().__init__(failure.value)
        self.failure = failure
        self.detail = detail


@dataclass(frozen=True)
class Identity:
    """Who stands before us, in GビズID's words."""

    issuer: str
    subject: str
    account_type: GbizAccountType
    corp_type: str
    corporate_number: str
    company_name: str
    person_name: str
    contact_email: str
    has_mandate: bool


class _GbizIdApp(DjangoOAuth2App):
    """Authlib's client, with the provider's own word about itself checked and bounded in time."""

    def load_server_metadata(self):
        loaded_at = self.server_metadata.get("_loaded_at", 0)
        if time.time() - loaded_at > METADATA_LIFE_SECONDS:
            self.server_metadata = {}
        metadata = super().load_server_metadata()
        issuer = metadata.get("issuer", "")
        # The one place that says whether the issuer ends in a slash is the document itself; it must speak of its own host.
        if f"{issuer.rstrip('/')}/{_DISCOVERY_PATH}" != self._server_metadata_url:
            self.server_metadata = {}
            raise SignInFailed(Failure.REFUSED, "discovery:issuer")
        # GビズID signs with RS256. Whatever else the document offers must not widen what we accept.
        metadata["id_token_signing_alg_values_supported"] = ["RS256"]
        return metadata


@lru_cache(maxsize=4)
def _client(discovery_url, client_id, client_secret, scope) -> _GbizIdApp:
    class Registry(OAuth):
        oauth2_client_cls = _GbizIdApp

    return Registry().register(
        "gbizid",
        client_id=client_id,
        client_secret=client_secret,
        server_metadata_url=discovery_url,
        client_kwargs={
            "scope": scope,
            "code_challenge_method": "S256",
            "token_endpoint_auth_method": "client_secret_basic",
            "default_timeout": TIMEOUT_SECONDS,
        },
    )


def client() -> _GbizIdApp:
    return _client(
        settings.GBIZID_DISCOVERY_URL, settings.GBIZID_CLIENT_ID, settings.GBIZID_CLIENT_SECRET, settings.GBIZID_SCOPE
    )


def configured_issuer() -> str:
    """The issuer as the configured discovery address implies it, for data made before anybody has signed in."""
    return settings.GBIZID_DISCOVERY_URL.removesuffix(_DISCOVERY_PATH)


def begin(request, *, again=False):
    """Return the redirect to the provider. ``again`` demands that the person authenticates anew.

    Raises SignInFailed when the provider's discovery document cannot be had.
    """
    with _failures():
        return client().authorize_redirect(
            request,
            settings.PUBLIC_URL.rstrip("/") + reverse("gbizid_callback"),
            **({"prompt": "login"} if again else {}),
        )


def finish(request) -> Identity:
    """Turn the provider's answer into an Identity, or raise SignInFailed. Creates nothing.

    Every check that fails ends the sign-in: state, code, signature (RS256 only), issuer, audience, authorized party,
    times, nonce, and that UserInfo speaks of the same account.
    """
    app = client()
    # Authlib reports the provider's error before it looks at the state; then anybody's link would be believed.
    state = request.GET.get("state", "")
    if not app.framework.get_state_data(request.session, state):
        raise SignInFailed(Failure.STATE)
    if error := request.GET.get("error"):
        app.framework.clear_state_data(request.session, state)
        raise SignInFailed(
            Failure.CANCELLED if error == "access_denied" else Failure.REFUSED, f"authorize:{error[:40]}"
        )

    with _failures():
        issuer = app.load_server_metadata()["issuer"]
        token = app.authorize_access_token(
            request,
            leeway=LEEWAY_SECONDS,
            claims_options={
                # Options replace Authlib's own check of the issuer. The nonce and the authorized party it checks by itself.
                "iss": {"essential": True, "value": issuer},
                # GビズID issues a token to one audience. A list with a stranger in it is a token for the stranger.
                "aud": {"essential": True, "validate": lambda claims, aud: aud in (app.client_id, [app.client_id])},
                "sub": {"essential": True},
                "exp": {"essential": True},
                "iat": {"essential": True},
            },
        )
        id_token = token.get("userinfo")
        if id_token is None:
            raise SignInFailed(Failure.TOKEN, "missing")
        if id_token.get("auth_time", id_token["iat"]) < time.time() - AUTHENTICATION_LIFE_SECONDS:
            raise SignInFailed(Failure.STALE)
        claims = app.userinfo(token=token)

    if claims.get("sub") != id_token["sub"]:
        raise SignInFailed(Failure.SUBJECT)
    return _identity(issuer, claims, client_id=app.client_id)


def _identity(issuer, claims, *, client_id) -> Identity:
    def text(key):
        value = claims.get(key)
        return value.strip() if isinstance(value, str) else ""

    if text("account_type") not in GbizAccountType.values:
        raise SignInFailed(Failure.CLAIMS, "account_type")
    if text("corp_type") not in {"1", "2"}:
        raise SignInFailed(Failure.CLAIMS, "corp_type")
    account_type = GbizAccountType(text("account_type"))
    mandates = claims.get("mandate_info")
    person = " ".join(filter(None, (text("user_last_nm"), text("user_first_nm"))))
    representative = " ".join(filter(None, (text("rep_last_nm"), text("rep_first_nm"))))
    return Identity(
        issuer=issuer,
        subject=str(claims["sub"]),
        account_type=account_type,
        corp_type=text("corp_type"),
        corporate_number=text("corporate_number"),
        company_name=text("name"),
        person_name=person or representative or text("name"),
        contact_email=text("email"),
        has_mandate=isinstance(mandates, list)
        and any(isinstance(mandate, dict) and mandate.get("client_id") == client_id for mandate in mandates),
    )


@contextmanager
def _failures():
    """Translate what the libraries raise into the one exception that has a page."""
    try:
        yield
    except SignInFailed:
        raise
    except MismatchingStateError as error:
        raise SignInFailed(Failure.STATE) from error
    except OAuthError as error:
        failure = Failure.CODE if error.error == "invalid_grant" else Failure.REFUSED
        raise SignInFailed(failure, f"token:{str(error.error)[:40]}") from error
    except JoseError as error:
        raise SignInFailed(Failure.TOKEN, getattr(error, "claim", None) or type(error).__name__) from error
    except requests.RequestException as error:
        answered = error.response is not None and error.response.status_code < 500
        raise SignInFailed(Failure.REFUSED if answered else Failure.UNAVAILABLE, type(error).__name__) from error
    except (ValueError, TypeError, LookupError, AttributeError, RuntimeError) as error:
        # A token or document of the wrong shape: whatever a library trips over, nobody gets in.
        raise SignInFailed(Failure.TOKEN, type(error).__name__) from error
