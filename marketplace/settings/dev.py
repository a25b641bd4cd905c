"""For one's own machine: `make run`. Works without any variable, on the launcher's PostgreSQL and Valkey."""

from marketplace.launcher.postgres import Postgres
from marketplace.launcher.secrets import development_secrets
from marketplace.launcher.valkey import Valkey

from .base import *  # noqa: F403 - settings modules layer
from .base import (
    INSTALLED_APPS,
    STORAGES,
    VAR,
    broker_transport_options,
    content_security_policy,
    database,
    env,
    logging_configuration,
    structlog,
)

DEBUG = env.bool("DEBUG", default=False)
"""Off, so that a newcomer sees the pages people will see. `DEBUG=1 make run` shows tracebacks."""

_secrets = development_secrets(VAR)
SECRET_KEY = _secrets["SECRET_KEY"]
SEALING_KEYS = [_secrets["SEALING_KEY"]]

ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", *env.list("ALLOWED_HOSTS", default=[])]
PUBLIC_URL = env.str("PUBLIC_URL", default=f"http://localhost:{env.int('PORT', default=8000)}")
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

if env.str("DATABASE_URL", default=""):
    DATABASES = {"default": database(env.db("DATABASE_URL"))}
else:
    DATABASES = {"default": database(Postgres(VAR).database_settings())}

CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="") or Valkey(VAR).url
CELERY_BROKER_TRANSPORT_OPTIONS = broker_transport_options(CELERY_BROKER_URL)

_provider = f"http://localhost:{env.int('GBIZID_PORT', default=8010)}"
GBIZID_DISCOVERY_URL = env.str("GBIZID_DISCOVERY_URL", default=f"{_provider}/oauth/.well-known/openid-configuration")
GBIZID_CLIENT_ID = env.str("GBIZID_CLIENT_ID", default="marketplace")
GBIZID_CLIENT_SECRET = env.str("GBIZID_CLIENT_SECRET", default=_secrets["GBIZID_CLIENT_SECRET"])
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True  # passkeys over http, on this machine only
CONTENT_SECURITY_POLICY = content_security_policy(provider_origin=_provider)

# Straight from the source folders: nothing to collect, and an edit shows at the next start.
STATIC_ROOT = None
STORAGES = STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
WHITENOISE_USE_FINDERS = True

# Mail stays on this machine and is read at /dev/mail/.
INSTALLED_APPS = [*INSTALLED_APPS, "marketplace.devmail"]
EMAIL_BACKEND = "marketplace.devmail.backend.EmailBackend"
EMAIL_FILE_PATH = VAR / "mail"
ROOT_URLCONF = "marketplace.devmail.urls"

LOGGING = logging_configuration(
    renderers=[structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)]
)
