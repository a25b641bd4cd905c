"""For pytest. The database is a throw-away cluster of the launcher, started by tests/conftest.py when first needed."""

import os

from marketplace.launcher.postgres import Postgres

from .base import *  # noqa: F403 - settings modules layer
from .base import (
    VAR,
    broker_transport_options,
    content_security_policy,
    database,
    env,
    logging_configuration,
    structlog,
)

# Playwright runs an event loop in the thread that also uses the database.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

SECRET_KEY = "for tests only"  # noqa: S105 - protects nothing
SEALING_KEYS = ["dGVzdHMgb25seSwgcHJvdGVjdHMgbm90aGluZyEhISE="]  # 32 bytes that protect nothing
ALLOWED_HOSTS = ["*"]
PUBLIC_URL = "http://testserver"

if env.str("DATABASE_URL", default=""):
    EMBEDDED_DATABASE = None
    DATABASES = {"default": database(env.db("DATABASE_URL"), pool=False)}
else:
    EMBEDDED_DATABASE = Postgres(VAR / "test", durable=False)
    DATABASES = {"default": database(EMBEDDED_DATABASE.database_settings(), pool=False)}

CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
SEARCH_CACHE_SECONDS = 0  # categories and synonyms are rolled back between tests
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
STATIC_ROOT = None
WHITENOISE_AUTOREFRESH = True
WHITENOISE_USE_FINDERS = True

CELERY_BROKER_URL = "memory://"
CELERY_BROKER_TRANSPORT_OPTIONS = broker_transport_options(CELERY_BROKER_URL)
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True

GBIZID_DISCOVERY_URL = "http://127.0.0.1:8010/oauth/.well-known/openid-configuration"
GBIZID_CLIENT_ID = "marketplace"
GBIZID_CLIENT_SECRET = "for tests only"  # noqa: S105
CONTENT_SECURITY_POLICY = content_security_policy(provider_origin="http://127.0.0.1:*")

LOGGING = logging_configuration(
    renderers=[structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)],
    level="WARNING",
)
