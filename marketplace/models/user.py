"""People: one row to sign in with, one deletable row with names."""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _

from marketplace.models.fields import validate_ref


class UserManager(BaseUserManager["User"]):
    """Makes users; an e-mail is kept in lower case."""

    def create_user(
        self, email: str | None = None, password: str | None = None, **fields: Any
    ) -> "User":
        """A user with a usable password only if one is given."""
        user = self.model(email=email.lower() if email else None, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """A user who may do everything."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        """By e-mail, however it is typed."""
        return self.get(email=(username or "").lower())


class User(AbstractBaseUser, PermissionsMixin):
    """Whoever signs in: shopper, influencer, seller or staff, known to the shop by `ref`."""

    class Language(models.TextChoices):
        RU = "ru", _("Russian")
        EN = "en", _("English")
        ZH = "zh-hans", _("Simplified Chinese")

    ref = models.CharField(
        _("marketplace's id"),
        max_length=64,
        unique=True,
        null=True,
        blank=True,
        validators=[validate_ref],
    )
    email = models.EmailField(_("e-mail"), unique=True, null=True, blank=True)
    language = models.CharField(_("language"), max_length=10, choices=Language, default=Language.RU)
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(_("operations staff"), default=False)
    date_joined = models.DateTimeField(_("joined"), db_default=Now(), editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(email=Lower("email")) | models.Q(email=None),
                name="user_email_is_lower_case",
            ),
        ]

    def __str__(self) -> str:
        return self.email or self.ref or f"#{self.pk}"


class Profile(models.Model):
    """Names and pictures: the one row to delete when a person asks to be forgotten."""

    user = models.OneToOneField(User, models.CASCADE, primary_key=True)
    name = models.CharField(_("name"), max_length=100, blank=True)
    phone = models.CharField(_("phone"), max_length=20, blank=True)
    avatar_url = models.URLField(_("picture"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("profile")
        verbose_name_plural = _("profiles")

    def __str__(self) -> str:
        return self.name or f"#{self.pk}"
