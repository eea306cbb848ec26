"""`{{ terms|discount:currency }}`, `|minimum:currency`, `|code_type` in the reader's language."""

from django import template

from promocodes import wording

register = template.Library()
register.filter("discount", wording.discount)
register.filter("minimum", wording.minimum)
register.filter("code_type", wording.code_type)
