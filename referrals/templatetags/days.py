"""`{{ instant|day:"Europe/Moscow" }}`: day and month as the reader's language writes them."""

from datetime import datetime
from zoneinfo import ZoneInfo

from babel.core import Locale
from babel.dates import format_skeleton
from django import template
from django.utils.translation import get_language

register = template.Library()


@register.filter
def day(instant: datetime, zone: str) -> str:
    """«5 декабря», “December 5”, “12月5日” of an aware instant in an IANA zone."""
    locale = Locale.parse(get_language() or "en", sep="-")
    return format_skeleton("MMMMd", instant.astimezone(ZoneInfo(zone)), locale=locale)
