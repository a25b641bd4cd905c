from django.http import Http404


class NulLeftOut:
    """No address here holds a NUL character, and PostgreSQL cannot even be asked for one.

    In a path it is a page that does not exist; in a query it counts as a space, as other control characters do.
    Forms refuse it themselves, field by field.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if "\0" in request.path_info:
            raise Http404
        request.META["QUERY_STRING"] = request.META.get("QUERY_STRING", "").replace("%00", "+").replace("\0", "+")
        return self.get_response(request)
