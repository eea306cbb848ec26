"""What both redeem rows do: codes at the till under load, held against the ledger afterwards."""

import json
from collections.abc import Callable, Sequence

from django.db import connection
from django.db.models import Sum
from django.test import Client

from bench.kit import bare, shop
from bench.kit.load import CLIENTS, Load, post
from bench.kit.place import Place
from bench.kit.row import WrongResult, expect
from bench.kit.web import Web
from config import processes
from marketplace.models import IdempotencyRecord
from promocodes.models import Checkout, PromotionCounter, Redemption
from promocodes.terms import Limits

PATH = "/api/v1/redemptions"
LIMIT = 10_000_000  # of each promotion; more than any run can use
# A tenth of 1,200.00 + 2 * 399.00 + 3 * 49.90, half-up.
DISCOUNT = 21_477
CART = {
    "currency": "RUB",
    "shopper": {"ref": "u{n}", "email": "shopper@example.com"},
    "lines": [
        {"ref": "1", "product": "p1", "store": "s1", "unit_price": 120_000, "quantity": 1},
        {"ref": "2", "product": "p2", "store": "s1", "unit_price": 39_900, "quantity": 2},
        {"ref": "3", "product": "p3", "store": "s1", "unit_price": 4_990, "quantity": 3},
    ],
}


def template(word: str) -> str:
    """The body of a redemption of the code `word`, for the load."""
    return json.dumps({"order_ref": "{n}", **CART, "codes": [word]})


def make_codes(place: Place, *, cold: int) -> None:
    """COLD1 … of as many promotions, each with a limit; and HOT of one."""
    place.say(f"{cold:,} promotions with a code and a limit, by our verb")
    store = shop.make_store()
    for number in range(1, cold + 1):
        shop.make_promotion(store=store, code=f"COLD{number}", limits=Limits(total=LIMIT))
    shop.make_promotion(store=store, code="HOT", limits=Limits(total=LIMIT))


def redeem(web: Web, word: str, *, tag: str, place: Place, seconds: float, codes: int = 0) -> Load:
    """32 clients redeem for so long; what they were told is what stands in the ledger."""
    before = Redemption.objects.count()
    load = post(
        web, PATH, template=template(word), tag=tag, seconds=seconds, place=place, codes=codes
    )
    written = _settled(Redemption.objects.count) - before
    # wrk hangs up on what is still running when its time is over.
    if not load.answered <= written <= load.answered + CLIENTS:
        raise WrongResult(f"{load.answered} were answered and {written} are written")
    place.say(f"{tag}: {load.rate:,.0f}/s, median {load.median_ms} ms, 99 % {load.p99_ms} ms")
    return load


def script(headers: dict[str, str], *, cold: int) -> str:
    """The statements of one redemption, for pgbench, each time of another of the cold codes."""
    body = template("COLD1").replace("{n}", "caught")
    with bare.caught() as statements:
        client = Client(
            SERVER_NAME="localhost", headers=headers | {"Idempotency-Key": "key-caught"}
        )
        answer = client.post(PATH, data=body, content_type="application/json")
    expect(answer.status_code, 201, "the redemption whose statements are caught")
    use = Redemption.objects.select_related("checkout").get()
    known = {
        "key-caught": "key-:n",
        "ucaught": "u:n",
        "caught": "order-:n",
        "COLD1": "COLD:code",
        str(use.code_id): ":code_id",
        str(use.promotion_id): ":promotion_id",
        str(use.terms_id): ":terms_id",
    }
    return f"\\set code random(1, {cold})\n" + bare.script_of(
        bare.transaction_of(statements), known=known, reads=lambda text: "promocodes_known" in text
    )


def check() -> None:
    """Nothing was used beyond a limit, nothing counted twice, every sum exact."""
    uses = Redemption.objects.count()
    expect(PromotionCounter.objects.aggregate(Sum("taken"))["taken__sum"], uses, "the counters")
    expect(Checkout.objects.count(), uses, "the checkouts")
    expect(IdempotencyRecord.objects.count(), uses, "the kept answers")
    given = Redemption.objects.aggregate(Sum("discount_minor"))["discount_minor__sum"]
    expect(given, uses * DISCOUNT, "the discounts")
    shop.check_invariants("promo_")


def tidy(tables: Sequence[str] = ()) -> None:
    """VACUUM ANALYZE, so that no turn pays for the one before."""
    with connection.cursor() as cursor:
        cursor.execute(f"VACUUM ANALYZE {', '.join(tables)}")


def _settled(count: Callable[[], int]) -> int:
    """The count once it stands still."""
    last = [-1]

    def same() -> bool:
        last.append(count())
        return last[-1] == last[-2]

    if not processes.wait_until(same, seconds=30, pause=0.2):
        raise WrongResult("the server goes on redeeming though nobody asks")
    return last[-1]
