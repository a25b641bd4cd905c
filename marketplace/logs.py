"""Request logging without personal data."""

from django_structlog.middlewares import RequestMiddleware


class RequestLog(RequestMiddleware):
    """Logs the path only: a query string carries search terms, and back from GビズID an authorization code."""

    @staticmethod
    def format_request(request):
        return f"{request.method} {request.path}"
