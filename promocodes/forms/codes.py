"""What is filled in to give a promotion more codes: a file, or how many by which pattern."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext_lazy as _

from promocodes import codes, issuing
from promocodes.code_files import MOST_BYTES


class FileForm(forms.Form):
    """A file with codes."""

    file = forms.FileField(
        label=_("File with codes"),
        widget=forms.FileInput(
            attrs={"class": "p-input", "accept": ".csv,.txt,text/csv,text/plain"}
        ),
        help_text=_(
            "CSV or plain text: one code on a line, or a column headed “code”."
            " Up to 1,000,000 codes."
        ),
        error_messages={
            "required": _("Choose a file first."),
            "empty": _("This file is empty."),
        },
    )

    def clean_file(self) -> "UploadedFile[Any]":
        """A file that isn't too large."""
        file: UploadedFile[Any] = self.cleaned_data["file"]
        if (file.size or 0) > MOST_BYTES:
            raise forms.ValidationError(
                _("The file has %(size)s; at most %(most)s fit. Split it into parts."),
                code="too_large",
                params={
                    "size": filesizeformat(file.size or 0),
                    "most": filesizeformat(MOST_BYTES),
                },
            )
        return file


def count_field(*, required: bool = True) -> forms.IntegerField:
    """How many codes are to be made."""
    return forms.IntegerField(
        label=_("How many"),
        min_value=1,
        max_value=issuing.MAX_BATCH,
        required=required,
        widget=forms.NumberInput(attrs={"class": "p-input p-number", "inputmode": "numeric"}),
    )


def pattern_field() -> forms.CharField:
    """What the codes look like."""
    return forms.CharField(
        label=_("Pattern"),
        required=False,
        max_length=codes.MAX_LENGTH,
        widget=forms.TextInput(
            attrs={"class": "p-input p-code", "autocomplete": "off", "spellcheck": "false"}
        ),
        help_text=_(
            "Each # becomes a random letter or digit: TEA-########. Empty: 12 of them, which"
            " nobody guesses."
        ),
    )


def refuse_tight(form: forms.Form, data: dict[str, Any]) -> None:
    """Tell of a pattern without room for so many codes, and one that has it."""
    if not (data.get("pattern") and data.get("count")):
        return
    try:
        codes.check_pattern(data["pattern"], count=data["count"])
    except codes.PatternUnfit as refusal:
        form.add_error(
            "pattern",
            forms.ValidationError(
                _("Letters, digits and enough # for so many codes: try %(example)s."),
                code=refusal.code,
                params={"example": codes.roomy(data["pattern"], count=data["count"])},
            ),
        )


class BatchForm(forms.Form):
    """Codes to be made."""

    count = count_field()
    pattern = pattern_field()

    def clean(self) -> dict[str, Any]:
        """A pattern with room for so many."""
        data = super().clean() or {}
        refuse_tight(self, data)
        return data
