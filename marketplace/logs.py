"""Logs without personal data: who is a reference, where is a path, and a traceback shows no values."""

import structlog
from django_structlog.middlewares import RequestMiddleware
from structlog.tracebacks import ExceptionDictTransformer


class RequestLog(RequestMiddleware):
    """Logs the path only: a query string carries search terms, and back from GビズID an authorization code."""

    @staticmethod
    def format_request(request):
        return f"{request.method} {request.path}"


def tracebacks_without_values():
    """Processors that render an exception as data, without local variables and with the first line of its message.

    PostgreSQL puts the offending row ("Key (email)=(…) already exists") into the lines after the first.
    """

    def first_lines_only(logger, name, event):
        for exception in event.get("exception") or []:
            exception["exc_value"] = exception["exc_value"].split("\n", 1)[0]
        return event

    return [
        structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
        first_lines_only,
    ]
