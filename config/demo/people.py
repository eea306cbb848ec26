"""Who can be signed in as with one click, and everybody else in the story."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from marketplace.models import Profile, Store, StoreMember, User


@dataclass(frozen=True)
class Persona:
    """One part to play: `role` names it in the address, `start` is where it begins."""

    role: str
    title: str | Promise
    ref: str
    name: str
    email: str
    start: str
    sees: str | Promise


PERSONAS = (
    Persona(
        "shopper",
        _("shopper"),
        "demo-anna",
        "Анна Соколова",
        "anna@demo.example",
        "/friends/",
        _("Seven of her ten friends have come. One visit waits, one didn't count, both say why."),
    ),
    Persona(
        "influencer",
        _("influencer"),
        "demo-polina",
        "Полина Мартынова",
        "polina@demo.example",
        "/creators/",
        _("Works on three tasks, has earned, withdrawn once, and asked for more."),
    ),
    Persona(
        "agency",
        _("agency"),
        "demo-agency",
        "Агентство «Свои люди»",
        "agency@demo.example",
        "/creators/",
        _("Takes several codes per task for the influencers it has signed."),
    ),
    Persona(
        "seller",
        _("seller"),
        "demo-seller",
        "Ирина Глазова",
        "seller@demo.example",
        "/seller/",
        _("Sells ceramics; her codes are out with influencers, one waits for approval."),
    ),
    Persona(
        "ops",
        _("operations"),
        "demo-ops",
        "Олег Смирнов",
        "ops@demo.example",
        "/admin/",
        _("Runs the rounds, approves codes and withdrawals, answers why."),
    ),
)
BY_ROLE = {persona.role: persona for persona in PERSONAS}

# The first seven have followed Anna's link; all ten have followed Olesya's.
FRIENDS = (
    "Маша Ильина",
    "Дима Ковалёв",
    "Лена Орлова",
    "Тимур Галиев",
    "Вера Зайцева",
    "Кирилл Носов",
    "Айгуль Сафина",
    "Женя Рябова",
    "Артём Белов",
    "Соня Мельник",
)
OLESYA = ("demo-olesya", "Олеся Панина")
MAXIM = ("demo-maxim", "Максим Гордеев", "maxim@demo.example")


def friend_ref(number: int) -> str:
    """The marketplace's id of the n-th friend."""
    return f"demo-friend-{number}"


def person(ref: str, name: str, email: str | None = None, *, is_ops: bool = False) -> User:
    """The user of this ref, made if there is none yet."""
    found = User.objects.filter(ref=ref).first()
    if found is None:
        found = User.objects.create_user(email, ref=ref, is_staff=is_ops, is_superuser=is_ops)
    Profile.objects.get_or_create(user=found, defaults={"name": name})
    return found


def play(role: str) -> User:
    """The user of a persona, made if there is none yet."""
    persona = BY_ROLE[role]
    return person(persona.ref, persona.name, persona.email, is_ops=role == "ops")


def let_work(user: User, store: Store) -> None:
    """Make the user the store's owner."""
    owner = StoreMember.Role.OWNER
    StoreMember.objects.get_or_create(store=store, user=user, defaults={"role": owner})
