"""`{{ terms|discount:currency }}` and `{{ terms|minimum:currency }}` in the reader's language."""

from django import template

from promocodes import wording

register = template.Library()
register.filter("discount", wording.discount)
register.filter("minimum", wording.minimum)
