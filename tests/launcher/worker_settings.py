"""Settings of the worker under test: those of `make run`, with a mail server whose slowness the test controls."""

from marketplace.settings.dev import *  # noqa: F403 - settings modules layer

EMAIL_BACKEND = "tests.launcher.slow_mail.EmailBackend"
