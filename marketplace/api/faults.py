"""What is answered when we fail: a problem document to programs, a page to people."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.defaults import server_error as page

from marketplace.api.problems import MEDIA_TYPE, Problem, body_of


def server_error(request: HttpRequest) -> HttpResponse:
    """The answer of status 500: no trace, nothing of what went wrong."""
    if not request.path.startswith("/api/"):
        return page(request)
    problem = Problem(
        code="internal", status=500, detail="A fault of ours; it is in our log. Send it again."
    )
    return JsonResponse(body_of(problem), status=500, content_type=MEDIA_TYPE)
