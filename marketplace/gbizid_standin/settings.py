"""Settings of the stand-in. It reads the same variables as the marketplace, so the two always agree on who they are."""

import os
from pathlib import Path

import environ

from marketplace.gbizid_standin.keys import signing_key
from marketplace.launcher.postgres import Postgres
from marketplace.launcher.secrets import development_secrets

env = environ.Env()
REPOSITORY = Path(__file__).resolve().parents[2]
VAR = Path(env("MARKETPLACE_VAR", default=str(REPOSITORY / "var"))).absolute()

# Who we are. The real issuer, too, ends in a slash.
PORT = env.int("GBIZID_PORT", default=8010)
ISSUER = f"http://localhost:{PORT}/oauth/"

# The one client: the marketplace.
PUBLIC_URL = env.str("PUBLIC_URL", default=f"http://localhost:{env.int('PORT', default=8000)}").rstrip("/")
CLIENT_ID = env.str("GBIZID_CLIENT_ID", default="marketplace")
CLIENT_SECRET = env.str("GBIZID_CLIENT_SECRET", default="") or development_secrets(VAR)["GBIZID_CLIENT_SECRET"]
REDIRECT_URI = f"{PUBLIC_URL}/sign-in/gbizid/callback/"

SECRET_KEY = "the stand-in keeps no session and no secret of value"  # noqa: S105
DEBUG = False
ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
ROOT_URLCONF = "marketplace.gbizid_standin.urls"
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.staticfiles",
    "oauth2_provider",
    "marketplace.gbizid_standin",
]
MIDDLEWARE = [
    "csp.middleware.CSPMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    }
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "ja"
USE_TZ = True
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False

# Cookies do not tell ports apart: a name of our own keeps the marketplace's token intact.
CSRF_COOKIE_NAME = "gbizid_standin_csrftoken"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "style-src": ["'self'"],
        # Chromium applies form-action to the redirect that follows the form, which leads back to the client.
        "form-action": ["'self'", PUBLIC_URL],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}


def _database() -> dict:
    """A database of our own: GBIZID_DATABASE_URL, else beside the one of DATABASE_URL, else in the embedded cluster."""
    if "GBIZID_DATABASE_URL" in os.environ:
        return env.db_url("GBIZID_DATABASE_URL")
    if os.environ.get("DATABASE_URL"):
        return env.db_url("DATABASE_URL") | {"NAME": "gbizid_standin"}
    return Postgres(VAR).database_settings("gbizid_standin")


DATABASES = {"default": _database()}

OAUTH2_PROVIDER = {
    "OIDC_ENABLED": True,
    "OIDC_ISS_ENDPOINT": ISSUER,
    "OIDC_RSA_PRIVATE_KEY": signing_key(VAR / "gbizid-standin" / "signing-key.pem"),
    "OIDC_RESPONSE_TYPES_SUPPORTED": ["code"],
    "OIDC_TOKEN_ENDPOINT_AUTH_METHODS_SUPPORTED": ["client_secret_basic"],
    "OAUTH2_VALIDATOR_CLASS": "marketplace.gbizid_standin.provider.GbizIdValidator",
    "ACCESS_TOKEN_GENERATOR": "marketplace.gbizid_standin.provider.signed_access_token",
    "SCOPES": {
        "openid": "アカウントの識別",
        "profile": "事業者の基本情報",
        "user": "利用者の情報",
        "mandate": "利用を許可されたサービス",
        "email": "メールアドレス",
    },
    "DEFAULT_SCOPES": ["openid"],
    "AUTHORIZATION_CODE_EXPIRE_SECONDS": 300,
    "ACCESS_TOKEN_EXPIRE_SECONDS": 3600,
    "ID_TOKEN_EXPIRE_SECONDS": 3600,
    "PKCE_REQUIRED": True,
    "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,  # S256 only
    "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": True,
    "COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT": True,
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
}
