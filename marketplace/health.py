"""Is the process there, and can it work? And a page for the time when it cannot."""

import sys

import structlog
from celery import current_app
from django.contrib.auth.decorators import login_not_required
from django.db import InterfaceError, OperationalError, connection
from django.http import HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

logger = structlog.get_logger(__name__)

DATABASE_GONE = (OperationalError, InterfaceError)

BUSY = {"57014", "55P03", "40P01", "40001"}
"""SQLSTATE of a statement or a lock that took too long, a deadlock, a conflict: trying again helps."""


@login_not_required
@never_cache
@require_safe
def healthz(request):
    """The process answers; nothing else is asked, so a lost database does not get the process restarted."""
    return JsonResponse({"status": "ok"})


@login_not_required
@never_cache
@require_safe
def readyz(request):
    """Whether this process can do its work: 200, or 503 naming the part that is gone and nothing more."""
    parts = {"database": _database_answers(), "broker": _broker_answers()}
    ready = all(parts.values())
    states = {part: "ok" if answers else "unavailable" for part, answers in parts.items()}
    return JsonResponse({"status": "ok" if ready else "unavailable", **states}, status=200 if ready else 503)


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DATABASE_GONE as error:
        logger.warning("database_unavailable", reason=type(error).__name__)
        return False
    return True


def _broker_answers() -> bool:
    try:
        with current_app.connection_for_write() as broker:
            broker.ensure_connection(max_retries=1, interval_start=0, interval_step=0, timeout=2)
    except Exception as error:  # whatever the transport raises means the same here
        logger.warning("broker_unavailable", reason=type(error).__name__)
        return False
    return True


def server_error(request):
    """The 500 handler. A database that is gone or overloaded is no fault of ours or theirs: 503, and come back later.

    What was under way was one transaction, so nothing is half written, and the page says that. It is rendered without
    the request: sessions and sign-in need the database too.
    """
    error = sys.exc_info()[1]
    if not isinstance(error, DATABASE_GONE):
        request_id = structlog.contextvars.get_contextvars().get("request_id")
        return _error_page(request, "500.html", 500, request_id=request_id)
    busy = getattr(error.__cause__, "sqlstate", None) in BUSY
    logger.warning("database_busy" if busy else "database_unavailable", reason=type(error.__cause__).__name__)
    response = _error_page(request, "503.html", 503, busy=busy)
    response["Retry-After"] = "30"
    return response


def _error_page(request, template, status, **context):
    if request.path.startswith("/api/"):
        return JsonResponse({"detail": "unavailable" if status == 503 else "error"}, status=status)
    return HttpResponse(render_to_string(template, context), status=status)
