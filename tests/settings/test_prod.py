"""Production refuses to start on anything missing, and says everything at once."""

import os
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

from marketplace.settings.requirements import Requirements, at_least, scheme, sealing_key

KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
COMPLETE = {
    "SECRET_KEY": "a-Key_of.more+than/fifty=different0123456789characters",
    "SEALING_KEYS": KEY,
    "PUBLIC_URL": "https://marketplace.example.go.jp/",
    "ALLOWED_HOSTS": "marketplace.example.go.jp",
    "DATABASE_URL": "postgres://user:p%40ss@db.internal:5432/marketplace?sslmode=verify-full",
    "CELERY_BROKER_URL": "amqps://user:pass@broker.internal/vhost",
    "EMAIL_URL": "smtp+tls://user:pass@mail.internal:587",
    "DEFAULT_FROM_EMAIL": "運営 <no-reply@example.go.jp>",
    "GBIZID_DISCOVERY_URL": "https://gbizid.example/oauth/.well-known/openid-configuration",
    "GBIZID_CLIENT_ID": "client",
    "GBIZID_CLIENT_SECRET": "secret",
    "CLAMD_SOCKET": "/run/clamav/clamd.ctl",
    "MARKETPLACE_VAR": "/nonexistent",
}


def start(environment, *command):
    return subprocess.run(
        [sys.executable, *(command or ("-c", "import marketplace.settings.prod"))],
        env={"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "marketplace.settings.prod"} | environment,
        capture_output=True,
        text=True,
    )


def test_start_with_nothing_lists_every_variable_with_a_hint():
    refused = start({})
    assert refused.returncode != 0
    complaints = [line for line in refused.stderr.splitlines() if line.startswith("  - ")]
    assert [line.split()[1] for line in complaints] == list(COMPLETE)
    assert all(" is not set: " in line for line in complaints)


def test_complete_settings_pass_djangos_own_deployment_check():
    accepted = start(COMPLETE, "manage.py", "check", "--deploy", "--fail-level", "WARNING")
    assert accepted.returncode == 0, accepted.stderr


def test_complete_settings_mean_what_the_variables_say():
    code = (
        "from marketplace.settings import prod as p;"
        "print(p.PUBLIC_URL, p.DATABASES['default']['PASSWORD'], p.DATABASES['default']['OPTIONS']['sslmode'],"
        " p.EMAIL_HOST, p.EMAIL_PORT, p.EMAIL_USE_TLS, p.CELERY_TASK_DEFAULT_QUEUE_TYPE,"
        " p.CELERY_BROKER_TRANSPORT_OPTIONS, p.CONTENT_SECURITY_POLICY['DIRECTIVES']['form-action'], p.DEBUG)"
    )
    assert start(COMPLETE, "-c", code).stdout.strip() == (
        "https://marketplace.example.go.jp p@ss verify-full mail.internal 587 True quorum "
        "{'confirm_publish': True} [\"'self'\", 'https://gbizid.example'] False"
    )


@pytest.mark.parametrize(
    ("variable", "value", "complaint"),
    [
        ("SECRET_KEY", "short", "SECRET_KEY has 5 characters, fewer than 50"),
        ("SEALING_KEYS", f"{KEY},c2hvcnQ=", "SEALING_KEYS holds a key of 5 bytes, not 32"),
        ("PUBLIC_URL", "http://marketplace.example.go.jp", "PUBLIC_URL does not start with https://"),
        ("ALLOWED_HOSTS", "other.example.go.jp", "ALLOWED_HOSTS does not name the host of PUBLIC_URL"),
        ("DATABASE_URL", "sqlite:///x.db", "DATABASE_URL does not start with postgres:// or postgresql://"),
        ("CELERY_BROKER_URL", "memory://", "CELERY_BROKER_URL does not start with amqp://"),
    ],
)
def test_wrong_value_is_refused_without_repeating_it(variable, value, complaint):
    refused = start(COMPLETE | {variable: value})
    assert complaint in refused.stderr
    assert refused.stderr.count("\n  - ") == 1


def test_requirements_never_repeat_a_value():
    required = Requirements({"A": "mysql://user:secret@host/x", "B": "c2VjcmV0", "C": "secret"})
    required.text("A", "hint", scheme("postgres"))
    required.text("B", "hint", sealing_key)
    required.text("C", "hint", at_least(50))
    with pytest.raises(ImproperlyConfigured) as refused:
        required.check()
    assert "secret" not in str(refused.value)
    assert "c2VjcmV0" not in str(refused.value)


def test_requirements_without_fault_say_nothing():
    required = Requirements({"A": " value ", "B": "x, y,"})
    assert (required.text("A", "hint"), required.texts("B", "hint")) == ("value", ["x", "y"])
    required.check()
