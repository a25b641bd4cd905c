"""For the real thing. Starts with everything it needs or not at all; docs/operations.md has the table of variables."""

import logging
import os
from urllib.parse import urlsplit

import structlog

from marketplace.logs import tracebacks_without_values

from .base import *  # noqa: F403 - settings modules layer
from .base import broker_transport_options, content_security_policy, database, env, logging_configuration
from .requirements import Requirements, at_least, scheme, sealing_key

required = Requirements(os.environ)

SECRET_KEY = required.text(
    "SECRET_KEY",
    "50 random characters or more, e.g. from: python3 -c 'import secrets; print(secrets.token_urlsafe(50))'",
    at_least(50),
)
SEALING_KEYS = required.texts(
    "SEALING_KEYS",
    "the keys that seal prices until opening, newest first, comma-separated; a new one from: "
    "python3 -c 'import base64, secrets; print(base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())'",
    sealing_key,
)
PUBLIC_URL = required.text(
    "PUBLIC_URL", "the address people type, e.g. https://marketplace.example.go.jp", scheme("https")
).rstrip("/")
ALLOWED_HOSTS = required.texts("ALLOWED_HOSTS", "the host names served, comma-separated, that of PUBLIC_URL among them")
_database_url = required.text(
    "DATABASE_URL",
    "PostgreSQL 15 or newer, e.g. postgres://user:password@host:5432/marketplace?sslmode=verify-full",
    scheme("postgres", "postgresql"),
)
CELERY_BROKER_URL = required.text(
    "CELERY_BROKER_URL",
    "RabbitMQ 4 (amqps://user:password@host/vhost) or Valkey/Redis (rediss://host:6379/0)",
    scheme("amqp", "amqps", "redis", "rediss"),
)
_email_url = required.text(
    "EMAIL_URL", "the mail server, e.g. smtp+tls://user:password@host:587", scheme("smtp", "smtp+tls", "smtp+ssl")
)
DEFAULT_FROM_EMAIL = required.text("DEFAULT_FROM_EMAIL", "the sender of all mail, e.g. 名前 <no-reply@example.go.jp>")
GBIZID_DISCOVERY_URL = required.text(
    "GBIZID_DISCOVERY_URL", "GビズID's OpenID configuration, as told on registration", scheme("https")
)
GBIZID_CLIENT_ID = required.text("GBIZID_CLIENT_ID", "as told by GビズID on registration")
GBIZID_CLIENT_SECRET = required.text("GBIZID_CLIENT_SECRET", "as told by GビズID on registration")
CLAMD_SOCKET = required.text(
    "CLAMD_SOCKET", "the malware scanner every upload passes, e.g. /run/clamav/clamd.ctl or host:3310"
)
required.text("MARKETPLACE_VAR", "the folder for private files, kept and backed up, e.g. /var/lib/marketplace")

if PUBLIC_URL and ALLOWED_HOSTS and urlsplit(PUBLIC_URL).hostname not in ALLOWED_HOSTS:
    required.refuse("ALLOWED_HOSTS does not name the host of PUBLIC_URL: nobody could reach the service")
required.check()

DATABASES = {"default": database(env.db_url_config(_database_url))}
vars().update(env.email_url_config(_email_url))
CELERY_BROKER_TRANSPORT_OPTIONS = broker_transport_options(CELERY_BROKER_URL)
if CELERY_BROKER_URL.startswith("amqp"):
    CELERY_TASK_DEFAULT_QUEUE_TYPE = "quorum"

_provider = urlsplit(GBIZID_DISCOVERY_URL)
CONTENT_SECURITY_POLICY = content_security_policy(
    provider_origin=env.str("GBIZID_ORIGIN", default=f"{_provider.scheme}://{_provider.netloc}")
)

# Behind a proxy that ends TLS and sets X-Forwarded-Proto and X-Forwarded-For itself (deploy/nginx.conf).
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = True
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]  # asked by the machine's own monitor, past the proxy
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=1)

SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SILENCED_SYSTEM_CHECKS = ["security.W021"]  # preloading is a promise the owner of the whole domain makes, not we

# The prefix makes browsers refuse such a cookie from a neighbouring host or over plain HTTP.
SESSION_COOKIE_NAME = "__Host-session"
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_NAME = "__Host-csrf"
CSRF_COOKIE_SECURE = True

LOGGING = logging_configuration(
    renderers=[*tracebacks_without_values(), structlog.processors.JSONRenderer(ensure_ascii=False)],
    level=env.str("LOG_LEVEL", default=logging.getLevelName(logging.INFO)),
)
