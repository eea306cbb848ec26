"""The marketplace's server at its till: every word of api.md that a conformance case needs.

A line is `(unit price, quantity)`, sold by the store s1 as the product p1, p2 … by its place, or
what `item` says. Each answer that holds a quote is checked for what must be true of every quote.
"""

from typing import Any

from tests.api import Api

Body = dict[str, Any]
OLD = "2020-01-01T00:00:00Z"


def item(price: int, quantity: int = 1, **fields: Any) -> Body:
    """A line with more to say: product, store, category, ref."""
    return {"unit_price": price, "quantity": quantity} | fields


def percent(value: str, **more: Any) -> Body:
    """The discount `{"type": "percent", …}`."""
    return {"type": "percent", "percent": value} | more


def fixed(amount: int, **more: Any) -> Body:
    """The discount `{"type": "fixed", …}`."""
    return {"type": "fixed", "amount": amount} | more


def free_shipping(**more: Any) -> Body:
    """The discount `{"type": "free_shipping"}`."""
    return {"type": "free_shipping"} | more


def lines_of(lines: list[Any]) -> list[Body]:
    """Lines as the contract has them."""
    found = []
    for number, line in enumerate(lines, 1):
        told = line if isinstance(line, dict) else {"unit_price": line[0], "quantity": line[1]}
        found.append({"ref": str(number), "product": f"p{number}", "store": "s1"} | told)
    return [{name: x for name, x in line.items() if x is not None} for line in found]


def cart(*lines: Any, codes: list[str] | None = None, **fields: Any) -> Body:
    """A quote's body in roubles with the code CODE unless said otherwise."""
    codes = ["CODE"] if codes is None else codes
    return {"currency": "RUB", "lines": lines_of(list(lines)), "codes": codes} | fields


def reasons(quote: Body) -> dict[str, str | None]:
    """By code: why it gives nothing, None if it gives."""
    return {one["code"]: one["reason"] and one["reason"]["code"] for one in quote["codes"]}


def given(quote: Body) -> dict[str, int]:
    """By code: what it gives, of those that give."""
    return {one["code"]: one["discount"] for one in quote["codes"] if one["applied"]}


def by_line(quote: Body) -> list[int]:
    """What each line saves."""
    return [line["discount"] for line in quote["lines"]]


def by_unit(quote: Body) -> list[list[int]]:
    """What each unit of each line saves."""
    return [line["units"] for line in quote["lines"]]


def is_problem(answer: Any, status: int, code: str | None = None) -> Body:
    """The problem document of a refusal, checked for its shape (RFC 9457)."""
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"].partition(";")[0] == "application/problem+json"
    body = answer.json()
    assert {"type", "title", "status", "detail", "code"} <= body.keys()
    assert body["status"] == status
    assert ("errors" in body) == (body["code"] == "invalid" and "Idempotency" not in body["detail"])
    if code is not None:
        assert body["code"] == code, body
    return body


def is_sound(quote: Body, sent: Body) -> Body:
    """The quote, once it was checked for what must be true of every one (engine.md 5)."""
    worth = {line["ref"]: (line["unit_price"], line["quantity"]) for line in sent["lines"]}
    shipping = sent.get("shipping") or 0
    assert quote["currency"] == sent["currency"]
    assert [line["ref"] for line in quote["lines"]] == list(worth)
    for line in quote["lines"]:
        price, quantity = worth[line["ref"]]
        assert len(line["units"]) == quantity
        assert all(0 <= unit <= price for unit in line["units"])
        assert sum(line["units"]) == line["discount"] == sum(line["by_code"].values())
    assert quote["subtotal"] == sum(price * quantity for price, quantity in worth.values())
    assert quote["shipping"] == shipping
    assert quote["discount"] == sum(by_line(quote))
    assert 0 <= quote["shipping_discount"] <= shipping
    assert quote["total"] == (
        quote["subtotal"] + shipping - quote["discount"] - quote["shipping_discount"]
    )
    assert sum(given(quote).values()) == quote["discount"] + quote["shipping_discount"]
    for one in quote["codes"]:
        assert one["applied"] == (one["reason"] is None)
        off = sum(line["by_code"].get(one["code"], 0) for line in quote["lines"])
        assert one["discount"] == off + one["shipping_discount"]
    return quote


class Till:
    """Says what the shop says; asserts that it was understood."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.orders = 0
        self.reversals = 0

    def store(self, ref: str, **fields: Any) -> Body:
        """`PUT /stores/{ref}`."""
        told = {"name": ref, "currency": "RUB", "country": "RU", "verified": True} | fields
        answer = self.api.put(f"/stores/{ref}", told)
        assert answer.status_code in (200, 201), answer.content
        return answer.json()

    def promotion(self, discount: Body | None = None, **fields: Any) -> Body:
        """`POST /promotions`: ten percent of s1 with the code CODE unless said otherwise."""
        sent = {
            "name": "Deal",
            "kind": "store",
            "store": "s1",
            "currency": "RUB",
            "discount": discount or percent("10"),
            "starts_at": OLD,
            "code": "CODE",
        } | fields
        if sent["kind"] in ("platform", "referral"):
            sent |= {"store": None}
        answer = self.api.post("/promotions", sent)
        assert answer.status_code == 201, answer.content
        return answer.json()

    def usage(self, promotion: Body) -> Body:
        """What is used of a promotion now."""
        return self.api.get(f"/promotions/{promotion['id']}").json()["usage"]

    def quote(self, *lines: Any, **fields: Any) -> Body:
        """`POST /quotes`."""
        sent = cart(*lines, **fields)
        answer = self.api.post("/quotes", sent)
        assert answer.status_code == 200, answer.content
        return is_sound(answer.json(), sent)

    def reserve(self, *lines: Any, **fields: Any) -> Body:
        """`POST /reservations`."""
        sent = cart(*lines, **fields)
        answer = self.api.post("/reservations", sent)
        assert answer.status_code == 201, answer.content
        found = answer.json()
        is_sound(found["quote"], sent)
        return found

    def redeem(self, *lines: Any, **fields: Any) -> Body:
        """`POST /redemptions` on a new order."""
        sent = cart(*lines, **fields)
        answer = self.try_redeem(sent)
        assert answer.status_code == 201, answer.content
        found = answer.json()
        is_sound(found["quote"], sent)
        assert found["state"] == "redeemed"
        assert {one["code"]: one["discount"] for one in found["redemptions"]} == given(
            found["quote"]
        )
        return found

    def refused(self, *lines: Any, **fields: Any) -> dict[str, str | None]:
        """The reasons by code for which a cart can't be redeemed."""
        sent = cart(*lines, **fields)
        body = is_problem(self.try_redeem(sent), 409, "code_refused")
        return reasons(is_sound(body["quote"], sent))

    def try_redeem(self, sent: Body) -> Any:
        """`POST /redemptions` on a new order unless the cart names one; the raw answer."""
        self.orders += 1
        return self.api.post("/redemptions", {"order_ref": f"o{self.orders}"} | sent)

    def try_reverse(self, redemption: Body, cause: str, lines: Any = None, **fields: Any) -> Any:
        """`POST /redemptions/{id}/reversals`; `lines` is `{ref: quantity}` or None; raw."""
        self.reversals += 1
        sent = {"reversal_ref": f"r{self.reversals}", "cause": cause} | fields
        if lines is not None:
            sent["lines"] = [{"ref": ref, "quantity": count} for ref, count in lines.items()]
        return self.api.post(f"/redemptions/{redemption['id']}/reversals", sent)

    def reverse(self, redemption: Body, cause: str = "refunded", **lines: int) -> Body:
        """A new reversal of `line1=2` …, or of all that is left."""
        asked = {name.removeprefix("line"): count for name, count in lines.items()} or None
        answer = self.try_reverse(redemption, cause, asked)
        assert answer.status_code == 201, answer.content
        return answer.json()
