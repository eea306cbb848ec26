"""config/demo and its doors: a story made by the verbs, one-click sign-ins, refused elsewhere."""

import subprocess
import sys
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from affiliates.models import Commission, Transfer, Withdrawal
from config.demo import people, story
from config.embedded import PROJECT
from marketplace.invariants import find_all
from marketplace.models import ApiClient, AuditEntry, Order, OrderEvent, Store, User
from promocodes.models import PromoCode, Promotion, Redemption
from referrals.models import Participation, Round, Visit
from tasks.models import Assignment, CodeGrant, Submission, Task
from tests.api import Api
from tests.programs import environment

ROLES = ["shopper", "influencer", "agency", "seller", "ops"]
COUNTED = [
    Store, Order, OrderEvent, Promotion, PromoCode, Redemption, Commission, Transfer, Withdrawal,
    Round, Participation, Visit, Task, Assignment, CodeGrant, Submission, User,
]  # fmt: skip


@pytest.fixture
def _for_trying(settings):
    settings.DEBUG = settings.DEMO = True


def loaded(*arguments):
    said = StringIO()
    call_command("demo", *arguments, stdout=said)
    return said.getvalue()


# --- the story ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("debug", "demo"), [(False, False), (True, False), (False, True)])
@pytest.mark.django_db
def test_the_demo_is_refused_unless_debug_and_demo_are_on(settings, debug, demo):
    settings.DEBUG, settings.DEMO = debug, demo
    for arguments in ([], ["--links"]):
        with pytest.raises(CommandError, match="DEBUG=1 and DEMO=1"):
            loaded(*arguments)
    assert not User.objects.exists()
    assert not AuditEntry.objects.exists()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_for_trying")
def test_the_demo_tells_its_story_once():
    loaded()
    counts = [model.objects.count() for model in COUNTED]
    assert min(counts) > 0, dict(zip(COUNTED, counts, strict=True))

    now_open, ahead = Round.objects.order_by("number")
    assert (now_open.state, ahead.state) == ("open", "scheduled")
    assert (now_open.amount_minor, now_open.min_order_minor, now_open.threshold) == (
        39_900,
        40_000,
        10,
    )
    anna = Participation.objects.get(shopper__ref="demo-anna")
    assert (anna.counted, anna.code) == (7, None)
    outcomes = anna.visits.order_by("id").values_list("outcome", "reason")
    assert list(outcomes[7:]) == [("waiting", "automated"), ("not_counted", "own_link")]
    olesya = Participation.objects.get(shopper__ref="demo-olesya")
    assert Redemption.objects.filter(code=olesya.code, state="redeemed").exists()

    states = set(Commission.objects.values_list("state", flat=True))
    assert states >= {"pending", "available", "settled", "not_due"}
    assert Commission.objects.filter(reversed_minor__gt=0).exists()
    assert set(Withdrawal.objects.values_list("state", flat=True)) == {"paid", "requested"}
    assert {task.pay_model for task in Task.objects.all()} == {"cps", "fee"}
    reviews = set(Submission.objects.values_list("state", flat=True))
    assert reviews == {"approved", "changes_asked", "submitted"}
    for app, invariant in find_all():
        assert invariant.broken() == [], f"{app}: {invariant.name}"

    loaded()
    assert [model.objects.count() for model in COUNTED] == counts

    # Killed before its last step, it would tell all of it again.
    begun = AuditEntry.objects.get(verb=story.BEGUN)
    story.tell(at=begun.at)
    assert [model.objects.count() for model in COUNTED] == counts


# --- the doors ---------------------------------------------------------------------------------


@pytest.mark.usefixtures("_for_trying")
@pytest.mark.urls("tests.config.demo_doors")
def test_the_links_lead_to_each_person(settings):
    settings.SITE_URL = "http://shop.example:9000"
    lines = [line.split("\t") for line in loaded("--links").splitlines()]
    assert [label for label, _ in lines] == [
        "shopper",
        "influencer",
        "agency",
        "seller",
        "operations",
    ]
    assert [url for _, url in lines] == [
        f"http://shop.example:9000/demo/sign-in/{role}/" for role in ROLES
    ]


@pytest.mark.django_db
@pytest.mark.usefixtures("_for_trying")
@pytest.mark.urls("tests.config.demo_doors")
@pytest.mark.parametrize("role", ROLES)
def test_one_button_signs_in(client, role):
    user = people.play(role)
    path = reverse("demo-sign-in", args=[role])
    page = client.get(path)
    assert people.BY_ROLE[role].name in page.content.decode()
    assert "_auth_user_id" not in client.session
    response = client.post(path)
    assert response["Location"] == people.BY_ROLE[role].start
    assert client.session["_auth_user_id"] == str(user.pk)


@pytest.mark.django_db
@pytest.mark.urls("tests.config.demo_doors")
@pytest.mark.parametrize(("debug", "demo"), [(False, False), (True, False), (False, True)])
def test_the_doors_are_shut_elsewhere(client, settings, debug, demo):
    settings.DEBUG, settings.DEMO = debug, demo
    people.play("ops")
    for path in ("/demo/", "/demo/sign-in/ops/"):
        assert client.get(path).status_code == 404
        assert client.post(path).status_code in {404, 405}
    assert "_auth_user_id" not in client.session


@pytest.mark.django_db
@pytest.mark.usefixtures("_for_trying")
@pytest.mark.urls("tests.config.demo_doors")
def test_nobody_else_can_be_signed_in_as(client):
    assert client.post("/demo/sign-in/root/").status_code == 404
    assert client.post("/demo/sign-in/shopper/").status_code == 404  # not loaded
    people.play("shopper")
    User.objects.update(is_active=False)
    assert client.post("/demo/sign-in/shopper/").status_code == 404


@pytest.mark.usefixtures("_for_trying")
@pytest.mark.urls("tests.config.demo_doors")
@pytest.mark.django_db
def test_a_foreign_page_can_not_press_the_button():
    people.play("ops")
    strict = Client(enforce_csrf_checks=True)
    assert strict.post("/demo/sign-in/ops/").status_code == 403
    assert "_auth_user_id" not in strict.session


@pytest.mark.django_db
@pytest.mark.usefixtures("_for_trying")
@pytest.mark.urls("tests.config.demo_doors")
def test_a_key_is_made_by_the_button_and_ends_the_one_before(client):
    assert client.get("/demo/key/").status_code == 405
    secrets = [client.post("/demo/key/").context["secret"] for _ in range(2)]
    answers = [Api(secret).get("/products").status_code for secret in secrets]
    assert answers == [401, 200]


@pytest.mark.django_db
@pytest.mark.urls("tests.config.demo_doors")
def test_no_key_is_made_elsewhere(client, settings):
    settings.DEBUG, settings.DEMO = True, False
    assert client.post("/demo/key/").status_code == 404
    assert not ApiClient.objects.exists()


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("debug", "demo", "there"), [("1", "1", True), ("1", "0", False), ("0", "1", False)]
)
def test_the_house_has_these_doors_only_for_trying(debug, demo, there):
    ask = (
        "import django; django.setup(); from django.urls import resolve, Resolver404\n"
        "try: print(resolve('/demo/sign-in/ops/').url_name)\n"
        "except Resolver404: print('none')"
    )
    settings = {"DEBUG": debug, "DEMO": demo, "DJANGO_SETTINGS_MODULE": "config.settings"}
    said = subprocess.run(
        [sys.executable, "-c", ask],
        env=environment(**settings),
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == ("demo-sign-in" if there else "none")
