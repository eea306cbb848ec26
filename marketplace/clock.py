"""The one clock for decisions: the database's (trust.md, decision 3)."""

from datetime import datetime

from django.db import connection


def now() -> datetime:
    """The database's clock at this moment, as an aware UTC datetime."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        instant: datetime = cursor.fetchone()[0]
    return instant
