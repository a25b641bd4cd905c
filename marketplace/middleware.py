from django.core.exceptions import SuspiciousOperation
from django.http import Http404


class NulRefused:
    """No address here holds a NUL character, and PostgreSQL cannot even be asked for one: 404 in a path, 400 in a query.

    Forms refuse it themselves, field by field.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if "\0" in request.path_info:
            raise Http404
        if "%00" in request.META.get("QUERY_STRING", ""):
            raise SuspiciousOperation("NUL in the query string")
        return self.get_response(request)
