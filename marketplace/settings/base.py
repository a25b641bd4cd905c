"""What every environment shares. Nothing here is secret and nothing here reads a variable that has no safe default."""

import logging
from pathlib import Path

import environ
import structlog
from celery.schedules import crontab
from csp.constants import NONE, SELF

env = environ.Env()

BASE_DIR = Path(__file__).resolve().parents[2]
VAR = Path(env.str("MARKETPLACE_VAR", default="") or BASE_DIR / "var")
"""The data root: embedded services, private files, stored mail. Tests and parallel checkouts set their own."""

PROCESS = env.str("MARKETPLACE_PROCESS", default="command")
"""Which kind of process this is: web, worker or command. Time limits and pooling depend on it."""

DEBUG = False

INSTALLED_APPS = [
    "marketplace.accounts",
    "marketplace.companies",
    "marketplace.audit",
    "marketplace.notifications",
    "catalog",
    "procurement",
    "marketplace",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "rest_framework",
    "drf_spectacular",
    "django_htmx",
    "django_structlog",
    "csp",
    "pgtrigger",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "django.forms",  # the form renderer finds Django's widget templates through it
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "marketplace.logs.RequestLog",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "marketplace.accounts.middleware.SecondFactorRequired",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "marketplace.middleware.NulLeftOut",
]

ROOT_URLCONF = "marketplace.urls"
WSGI_APPLICATION = "marketplace.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "marketplace.context_processors.frame",
            ],
        },
    },
]
FORM_RENDERER = "marketplace.forms.Renderer"

# Database

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

_LIMITS = {
    # A page that needs longer holds a thread somebody else waits for; a worker's task has its own time limit.
    "web": "-c statement_timeout=10000 -c lock_timeout=3000 -c idle_in_transaction_session_timeout=30000",
    "worker": "-c statement_timeout=120000 -c lock_timeout=10000 -c idle_in_transaction_session_timeout=300000",
    "command": "",
}


def database(settings: dict, *, pool: bool = True) -> dict:
    """Complete one DATABASES entry for this kind of process.

    The web keeps a pool per process. The worker must not: Celery's prefork closes a pool after each task, so it keeps
    one connection for a minute instead (Django demands CONN_MAX_AGE 0 beside a pool).
    """
    options = dict(settings.get("OPTIONS", {}))
    if limits := _LIMITS.get(PROCESS, ""):
        options["options"] = f"{options.get('options', '')} {limits}".strip()
    options.setdefault("connect_timeout", 3)
    if PROCESS == "web" and pool:
        options["pool"] = {"min_size": 1, "max_size": WEB_THREADS, "timeout": 3}
    return settings | {
        "OPTIONS": options,
        "CONN_MAX_AGE": 60 if PROCESS == "worker" else 0,
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": False,
    }


WEB_THREADS = env.int("WEB_THREADS", default=4)

CACHES = {
    # Rate limits and lock-outs must hold over all processes and survive a restart; a table needs no further server.
    "default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "django_cache"},
}

# People

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"

ACCOUNT_ADAPTER = "marketplace.accounts.adapters.OfficialsAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*"]
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 600
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_FORMS = {
    "signup": "marketplace.accounts.forms.SignUpForm",
    "request_login_code": "marketplace.accounts.forms.RequestCodeForm",
    "confirm_login_code": "marketplace.accounts.forms.ConfirmCodeForm",
    "confirm_email_verification_code": "marketplace.accounts.forms.ConfirmAddressForm",
}
# Three guesses a code, and so few codes an hour that guessing eight digits takes centuries.
ACCOUNT_RATE_LIMITS = {"request_login_code": "60/m/ip,3/m/key,20/h/key", "signup": "20/h/ip"}
ALLAUTH_USER_CODE_FORMAT = {"numeric": True, "length": 8, "dashed": True}
MFA_ADAPTER = "marketplace.accounts.adapters.SecondFactorAdapter"
MFA_FORMS = {
    "authenticate": "marketplace.accounts.forms.SecondFactorForm",
    "reauthenticate": "marketplace.accounts.forms.ConfirmIdentityForm",
    "activate_totp": "marketplace.accounts.forms.ActivateTotpForm",
    "add_webauthn": "marketplace.accounts.forms.AddPasskeyForm",
    "edit_webauthn": "marketplace.accounts.forms.EditPasskeyForm",
}
MFA_SUPPORTED_TYPES = ["webauthn", "totp", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = False  # the mailbox is the first factor, the passkey the second
MFA_TOTP_ISSUER = "デジタルマーケットプレイス"
MFA_TOTP_TOLERANCE = 1  # one step of 30 seconds for clocks that are off
USERSESSIONS_TRACK_ACTIVITY = False  # it would write on every page

SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_NAME = "session"
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = "csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"

GBIZID_SCOPE = "openid profile user mandate email"

# What a browser may do with a page

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"


def content_security_policy(*, provider_origin: str) -> dict:
    """No inline code, nothing from elsewhere. The provider's origin: our sign-in form's POST is redirected there."""
    return {
        "DIRECTIVES": {
            "default-src": [NONE],
            "script-src": [SELF],
            "style-src": [SELF],
            "img-src": [SELF, "data:"],  # the TOTP enrolment code is an SVG in a data URL
            "font-src": [SELF],
            "connect-src": [SELF],
            "form-action": [SELF, provider_origin],
            "frame-ancestors": [NONE],
            "base-uri": [NONE],
        }
    }


# Words and time

LANGUAGE_CODE = "ja"
LANGUAGES = [("ja", "日本語"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "marketplace.formats"
TIME_ZONE = "Asia/Tokyo"
USE_I18N = True
USE_TZ = True

# Files

STATIC_URL = "static/"
STATIC_ROOT = VAR / "static"
STATICFILES_DIRS: list = []
MEDIA_ROOT = VAR / "media"
"""Private: nothing below it has a URL. Views hand out what a person may read, after it was scanned."""
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
CLAMD_SOCKET = env.str("CLAMD_SOCKET", default="")  # path or host:port of a ClamAV daemon; empty: nothing is scanned

# Mail

DEFAULT_FROM_EMAIL = "デジタルマーケットプレイス <no-reply@localhost>"
EMAIL_TIMEOUT = 10

# Tasks

CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_SOFT_TIME_LIMIT = 240
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_TIMEOUT = 2
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
# A form must not hang because the broker does: what is not queued now, the sweep queues within a minute. Once more at
# once, because after a restart of the broker the first attempt finds a dead connection.
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}


def broker_transport_options(url: str) -> dict:
    """Options that fit the broker behind `url`.

    Valkey gives a dead worker's task out again after the visibility timeout, which therefore is longer than any task,
    and looks for such tasks every 5 seconds only when told to (its default takes minutes). RabbitMQ needs publisher
    confirms, or a task may be lost in the broker's own restart.
    """
    if url.startswith(("redis", "valkey", "sentinel")):
        return {
            "visibility_timeout": CELERY_TASK_TIME_LIMIT + 60,
            "unacked_restore_interval": 5,
            "unacked_restore_throttle": 1,
            "socket_connect_timeout": 2,
            "socket_timeout": 5,
        }
    return {"confirm_publish": True}


CELERY_BEAT_SCHEDULE = {
    # Tasks are hints. Whatever is due according to the stored state is driven again each minute.
    f"{room} sweep": {"task": f"{room}.tasks.sweep", "schedule": 60.0, "options": {"expires": 55}}
    for room in ("marketplace.notifications", "catalog", "catalog.watches", "procurement")
} | {
    "search index": {"task": "catalog.tasks.mend_search", "schedule": crontab(hour=18, minute=10)},  # 3:10 in Tokyo
    "saved searches": {"task": "catalog.watches.tasks.reconcile_searches", "schedule": crontab(hour=19, minute=10)},
}

# The API

REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    # Public and read-only: what it answers, a visitor reads on the pages. It takes no session, so it can leak none.
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "UNAUTHENTICATED_USER": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "デジタルマーケットプレイス API",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
}

# Logs: who is a reference, never a name or an address; where is a path without its query.

DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False
DJANGO_STRUCTLOG_USER_ID_FIELD = "reference"
DJANGO_STRUCTLOG_CELERY_ENABLED = True
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = logging.DEBUG  # one line a request, at its end

_SHARED_PROCESSORS = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
]


def logging_configuration(*, renderers: list, level: str = "INFO") -> dict:
    """One line per event on standard output, ours and the libraries' alike."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": [*_SHARED_PROCESSORS, structlog.stdlib.ExtraAdder()],
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderers],
            }
        },
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            "django": {"handlers": [], "level": level},
            # RequestLog says the same.
            "django.request": {"level": "CRITICAL"},
            "django.server": {"handlers": [], "level": "ERROR"},
            # django-structlog says when a task starts and how it ends.
            "celery.worker.strategy": {"level": "WARNING"},
            "celery.app.trace": {"level": "WARNING"},
        },
    }


structlog.configure(
    processors=[
        structlog.stdlib.filter_by_level,
        *_SHARED_PROCESSORS,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
