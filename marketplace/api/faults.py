"""What is answered when no view could: a problem document to programs, a page to people."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.defaults import bad_request as bad_page
from django.views.defaults import server_error as page

from marketplace.api.problems import MEDIA_TYPE, Problem, body_of


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The answer to what Django lets no view see: a Host that is not ours, say."""
    if not request.path.startswith("/api/"):
        return bad_page(request, exception)
    return _problem(
        Problem(code="malformed", status=400, detail="The request is not right: see its headers.")
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """The answer of status 500: no trace, nothing of what went wrong."""
    if not request.path.startswith("/api/"):
        return page(request)
    return _problem(
        Problem(
            code="internal", status=500, detail="A fault of ours; it is in our log. Send it again."
        )
    )


def _problem(problem: Problem) -> HttpResponse:
    return JsonResponse(body_of(problem), status=problem.status_code, content_type=MEDIA_TYPE)
