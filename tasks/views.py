"""Pages of influencers and agencies below /creators/tasks/."""

from typing import Any
from uuid import UUID

from babel import Locale
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_POST, require_safe

from affiliates.access import affiliate_required
from affiliates.models import Affiliate
from marketplace import clock
from marketplace.keyset import page_of, place_in
from tasks import assignments, board, submissions
from tasks.filters import TaskFilter
from tasks.forms import CodesForm, SubmissionForm
from tasks.models import Assignment, Task
from tasks.openings import TaskRefused


@require_safe
@affiliate_required
def all_tasks(request: HttpRequest) -> HttpResponse:
    """Tabs *All tasks* and one for each type (AE-25), filters, newest first."""
    at = clock.now()
    tasks = board.listed(at, _affiliate(request))
    type_ = request.GET.get("type", "")
    if type_ in Task.Type.values:
        tasks = tasks.filter(type=type_)
    narrowed = TaskFilter(request.GET, queryset=tasks, at=at)
    rows = narrowed.qs if narrowed.is_valid() else tasks.none()
    return render(
        request,
        "tasks/list.html",
        {
            "page": page_of(rows, before=place_in(request.GET.get("before", ""))),
            "filter": narrowed,
            "is_narrowed": any(request.GET.get(name) for name in narrowed.filters),
            "tabs": Task.Type.choices,
            "type": type_,
        },
    )


@require_safe
@affiliate_required
def mine(request: HttpRequest) -> HttpResponse:
    """My tasks by state (AE-27)."""
    at = clock.now()
    state = request.GET.get("state", "")
    rows = board.assignments_of(_affiliate(request), at)
    if state in Assignment.State.values:
        rows = rows.filter(shown_state=state)  # type: ignore[misc]
    return render(
        request,
        "tasks/mine.html",
        {
            "page": page_of(rows, before=place_in(request.GET.get("before", ""))),
            "tabs": Assignment.State.choices,
            "state": state,
        },
    )


@require_safe
@affiliate_required
def details(request: HttpRequest, task_id: UUID) -> HttpResponse:
    """Task Details: pay, rules, dates, Apply; then the code, the content and its status."""
    return _details(request, task_id)


@require_POST
@affiliate_required
def apply(request: HttpRequest, task_id: UUID) -> HttpResponse:
    """Take the task."""
    _task(task_id)
    try:
        assignments.apply(task_id=task_id, affiliate=_affiliate(request))
    except TaskRefused as refusal:
        messages.error(request, str(refusal.message))
    return redirect("tasks:details", task_id)


@require_POST
@affiliate_required
def codes(request: HttpRequest, task_id: UUID) -> HttpResponse:
    """Get Promo Code: one to an individual, as many more as asked to an agency."""
    affiliate = _affiliate(request)
    assignment = _assignment(affiliate, task_id)
    total, member = 1, None
    if affiliate.is_agency:
        form = CodesForm(request.POST, agency=affiliate)
        if not form.is_valid():
            return _details(request, task_id, codes_form=form)
        total = form.cleaned_data["have"] + form.cleaned_data["more"]
        member = form.cleaned_data["member"]
    try:
        assignments.get_codes(
            assignment_id=assignment.pk,
            affiliate=affiliate,
            total=total,
            member_id=member.pk if member else None,
        )
    except TaskRefused as refusal:
        messages.error(request, str(refusal.message))
    return redirect("tasks:details", task_id)


@require_POST
@affiliate_required
def submit(request: HttpRequest, task_id: UUID) -> HttpResponse:
    """Hand in a post from Task Details (AE-35)."""
    affiliate = _affiliate(request)
    assignment = _assignment(affiliate, task_id)
    form = SubmissionForm(request.POST)
    if not form.is_valid():
        return _details(request, task_id, submission_form=form)
    try:
        submissions.submit(
            assignment_id=assignment.pk,
            affiliate=affiliate,
            url=form.cleaned_data["url"],
            posted_on=form.cleaned_data["posted_on"],
        )
    except TaskRefused as refusal:
        form.add_error(None, str(refusal.message))
        return _details(request, task_id, submission_form=form)
    return redirect("tasks:details", task_id)


def _details(
    request: HttpRequest,
    task_id: UUID,
    *,
    codes_form: CodesForm | None = None,
    submission_form: SubmissionForm | None = None,
) -> HttpResponse:
    at = clock.now()
    affiliate = _affiliate(request)
    task = _task(task_id)
    facts = board.facts_of(task, affiliate=affiliate, at=at)
    have = len(facts.work.codes) if facts.work else 0
    context: dict[str, Any] = {
        "facts": facts,
        "work": facts.work,
        "task": task,
        "market": _country(task.market),
        "affiliate": affiliate,
        "codes_form": codes_form or CodesForm(initial={"have": have, "more": 1}, agency=affiliate),
        "submission_form": submission_form
        or SubmissionForm(initial={"posted_on": timezone.localdate(at)}),
    }
    status = 400 if codes_form or submission_form else 200
    return render(request, "tasks/details.html", context, status=status)


def _affiliate(request: HttpRequest) -> Affiliate:
    affiliate: Affiliate = request.user.affiliate  # type: ignore[union-attr]
    return affiliate


def _task(task_id: UUID) -> Task:
    found = Task.objects.select_related("store", "promotion__terms").filter(pk=task_id).first()
    if found is None:
        raise Http404
    return found


def _assignment(affiliate: Affiliate, task_id: UUID) -> Assignment:
    found = Assignment.objects.of(affiliate).filter(task=task_id).first()
    if found is None:
        raise Http404
    return found


def _country(code: str) -> str:
    """A country's name in the reader's language."""
    language = (get_language() or "en").replace("-", "_")
    return Locale.parse(language).territories.get(code) or code
