"""Time zones as people choose them: those of their markets, by city and offset."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.core import Locale, get_global
from babel.dates import get_timezone_location
from django.conf import settings
from django.utils.translation import get_language


def is_zone(name: str) -> bool:
    """Whether this is an IANA zone that we can reckon with."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def first(country: str) -> str:
    """The zone to begin with: ours if the country has it, else the country's first, else UTC."""
    own, ours = _own(country), str(settings.TIME_ZONE)
    if ours in own:
        return ours
    return own[0] if own else "UTC"


def choices(*countries: str, at: datetime, chosen: str = "") -> list[tuple[str, str]]:
    """Zones of the countries and their names in the reader's language, from west to east.

    `chosen` is offered too, wherever it lies: a seller may sit in another country.
    """
    names = {settings.TIME_ZONE, "UTC"}.union(*map(_own, countries))
    if chosen and is_zone(chosen):
        names.add(chosen)
    offsets = {name: at.astimezone(ZoneInfo(name)).utcoffset() or timedelta() for name in names}
    named = {name: zone_name(name) for name in names}
    ordered = sorted(names, key=lambda name: (offsets[name], named[name]))
    return [(name, f"{named[name]} ({_offset(offsets[name])})") for name in ordered]


def zone_name(name: str) -> str:
    """A zone by the name of its city."""
    if name == "UTC":
        return name
    locale = Locale.parse(get_language() or "en", sep="-")
    city: str = get_timezone_location(name, locale=locale, return_city=True)
    return city


def _own(country: str) -> list[str]:
    zones = get_global("zone_territories")
    return sorted(zone for zone, where in zones.items() if where == country and is_zone(zone))


def _offset(offset: timedelta) -> str:
    minutes = int(offset.total_seconds()) // 60
    sign = "-" if minutes < 0 else "+"
    hours, minutes = divmod(abs(minutes), 60)
    return f"UTC{sign}{hours}" + (f":{minutes:02}" if minutes else "")
