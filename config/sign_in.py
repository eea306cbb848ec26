"""How allauth meets our users: address in lower case or none, the page's language, throttles.

Both admin sites sign in here too, so this is the one door to throttle. Failed passwords count in
rolling windows: by user and address (which locks out a guesser and not the owner elsewhere), by
address, and by user from anywhere.
"""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.internal import ratelimit
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.http import HttpRequest
from django.utils.translation import get_language

from marketplace.models import User


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Sign-up and sign-in by e-mail."""

    def new_user(self, request: HttpRequest) -> User:
        """The new user keeps the language of the page they signed up on."""
        return User(language=get_language() or User.Language.RU)

    def clean_email(self, email: str) -> str:
        """Lower case, so that one person can't sign up twice with one address."""
        return str(super().clean_email(email)).lower()

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        return f"{_who(credentials)} {ratelimit.get_ip(request)}"

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count the attempt before looking at the password; the answer never tells who exists."""
        super().pre_authenticate(request, **credentials)
        self._anywhere = ratelimit.consume(
            request, app="allauth.account", action="login_failed_anywhere", key=_who(credentials)
        )
        if not self._anywhere:
            raise self.validation_error("too_many_login_attempts")

    def _rollback_login_failed_rl_usage(self) -> None:
        super()._rollback_login_failed_rl_usage()
        self._anywhere.rollback()


class SocialAccountAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Sign-in by another network, which may keep the person's e-mail to itself."""

    def populate_user(self, request: HttpRequest, sociallogin: Any, data: dict[str, Any]) -> User:
        """No address is NULL, of which many may exist."""
        user: User = super().populate_user(request, sociallogin, data)
        user.email = user.email.lower() if user.email else None
        return user


def _who(credentials: dict[str, Any]) -> str:
    return str(credentials.get("email", credentials.get("username", ""))).lower()
