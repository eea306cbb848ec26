"""More codes for a promotion, on both admin sites: from a file, or made by a pattern.

A file is looked through first. Both come in the background; the page shows how far they are.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.formats import number_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from marketplace import clock
from marketplace.models import User
from promocodes import importing, issuing
from promocodes.allowances import TooManyToday
from promocodes.code_files import FileUnreadable, TooManyCodes
from promocodes.desk.frame import Frame
from promocodes.forms.codes import BatchForm, FileForm
from promocodes.importing import BatchMoved, TooManyFiles
from promocodes.models import CodeBatch, Promotion

State = Promotion.State
SHOWN = 10
OVER = (State.ENDED, State.REFUSED, State.CANCELLED)
WHY = {
    "long": _("longer than 64 characters"),
    "symbols": _("only letters and digits fit, with - _ . between them"),
    "encoding": _("unreadable: save the file as UTF-8"),
    "taken": _("taken already"),
    "doubled": _("stands in the file before"),
}
REFUSALS: dict[type[Exception], Any] = {
    FileUnreadable: _("This is no text file. Save the table as CSV and send that."),
    TooManyCodes: _("More than 1,000,000 codes. Split the file into parts."),
    TooManyFiles: _("That were very many files today. Go on tomorrow, or ask our team."),
    issuing.PromotionOver: _("This promotion is over: it gets no more codes."),
}


def _too_many_today(refusal: TooManyToday) -> str:
    """What the seller reads beside the field."""
    text = gettext(
        "A store may have %(most)s codes made in a day; %(left)s are left today."
        " Go on tomorrow, or ask our team."
    )
    return text % {"most": number_format(refusal.most), "left": number_format(refusal.left)}


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A line of the file that makes no code."""

    line: int
    text: str
    why: Any


def page(
    request: HttpRequest, promotion: Promotion, *, actor: User, frame: Frame, here: str
) -> HttpResponse:
    """The page, and what is sent from it; htmx gets the progress alone."""
    if request.method == "POST":
        return _act(request, promotion, actor, frame, here)
    if request.headers.get("HX-Request"):
        return render(request, "promocodes/desk/_batches.html", _progress(promotion, here))
    return _show(request, promotion, frame, here)


def _act(
    request: HttpRequest, promotion: Promotion, actor: User, frame: Frame, here: str
) -> HttpResponse:
    act = request.POST.get("act")
    if act == "check":
        return _check(request, promotion, actor, frame, here)
    if act == "make":
        return _make(request, promotion, actor, frame, here)
    batch = _checked(promotion, request.POST.get("batch"))
    try:
        if act == "import":
            importing.confirm(batch_id=batch.pk, actor=actor)
            messages.success(request, _("The codes are on their way."))
        elif act == "drop":
            importing.drop(batch_id=batch.pk)
            messages.info(request, _("The file is thrown away; nothing was imported."))
    except BatchMoved:
        messages.info(request, _("This file does not wait any more."))
    return redirect(here)


def _check(
    request: HttpRequest, promotion: Promotion, actor: User, frame: Frame, here: str
) -> HttpResponse:
    form = FileForm(request.POST, request.FILES)
    if form.is_valid():
        file = form.cleaned_data["file"]
        try:
            batch = importing.check(
                promotion_id=promotion.pk,
                file=file.file,
                file_name=file.name or "",
                actor=actor,
                at=clock.now(),
            )
            return redirect(f"{here}?batch={batch.pk}")
        except TooManyToday as refusal:
            form.add_error("file", _too_many_today(refusal))
        except tuple(REFUSALS) as refusal:
            form.add_error("file", REFUSALS[type(refusal)])
    return _show(request, promotion, frame, here, file_form=form)


def _make(
    request: HttpRequest, promotion: Promotion, actor: User, frame: Frame, here: str
) -> HttpResponse:
    form = BatchForm(request.POST)
    if form.is_valid():
        try:
            with transaction.atomic():
                issuing.check_going(promotion, clock.now())
                issuing.order_batch(
                    promotion=promotion,
                    count=form.cleaned_data["count"],
                    pattern=form.cleaned_data["pattern"] or None,
                    actor=actor,
                )
            messages.success(request, _("The codes are on their way."))
            return redirect(here)
        except issuing.PromotionOver:
            form.add_error(None, REFUSALS[issuing.PromotionOver])
        except TooManyToday as refusal:
            form.add_error("count", _too_many_today(refusal))
    return _show(request, promotion, frame, here, batch_form=form)


def _show(
    request: HttpRequest,
    promotion: Promotion,
    frame: Frame,
    here: str,
    *,
    file_form: FileForm | None = None,
    batch_form: BatchForm | None = None,
) -> HttpResponse:
    asked = request.GET.get("batch")
    checked = _checked(promotion, asked) if asked else None
    context: dict[str, Any] = {
        "promotion": promotion,
        "is_over": promotion.state(clock.now()) in OVER,
        "file_form": file_form or FileForm(),
        "batch_form": batch_form or BatchForm(),
        "checked": checked if checked and checked.state == CodeBatch.State.CHECKED else None,
        "left_out": [LeftOut(line, text, WHY.get(why, why)) for line, text, why in checked.examples]
        if checked
        else [],
        "back": frame.url("change", promotion.pk),
    } | _progress(promotion, here)
    title = gettext("Codes of %(name)s") % {"name": promotion.name}
    refused = any(form is not None and form.errors for form in (file_form, batch_form))
    status = 422 if refused else 200
    return frame.render(request, "promocodes/desk/codes.html", title, context, status=status)


def _progress(promotion: Promotion, here: str) -> dict[str, Any]:
    """The newest batches; files that were thrown away are forgotten."""
    begun = CodeBatch.objects.begun().filter(promotion=promotion)
    waiting = CodeBatch.objects.filter(promotion=promotion, state=CodeBatch.State.CHECKED)
    shown = [*waiting.order_by("-id")[:SHOWN], *begun.order_by("-id")[:SHOWN]]
    going = any(batch.state == CodeBatch.State.WAITING for batch in shown)
    return {"batches": shown, "is_going": going, "here": here, "currency": promotion.currency}


def _checked(promotion: Promotion, asked: str | None) -> CodeBatch:
    """A file of this very promotion. Raises `Http404`."""
    try:
        key = UUID(asked or "")
    except ValueError as error:
        raise Http404 from error
    found = CodeBatch.objects.filter(promotion=promotion, pk=key, pattern="").first()
    if found is None:
        raise Http404
    return found
