"""The language that a person reads in: kept on the user, so that every device speaks it."""

from django.conf import settings

from marketplace.models import User


class UnknownLanguage(ValueError):
    """A language that we don't speak."""

    code = "unknown_language"


def choose(*, user: User, language: str) -> None:
    """Remember the language (`ru`, `en`, `zh-hans`) of this user. UnknownLanguage for others."""
    if language not in dict(settings.LANGUAGES):
        raise UnknownLanguage(language)
    User.objects.filter(pk=user.pk).update(language=language)
    user.language = language
