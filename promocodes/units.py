"""The units of a line, by runs of equal value (pure).

Ten thousand mugs at one price are one run, so a line costs the same whatever its quantity. A run is
`(count, value)`; a list of runs stands for the list of its units in order.
"""

from collections.abc import Iterator, Sequence

Run = tuple[int, int]
Runs = list[Run]


def total(runs: Sequence[Run]) -> int:
    """The sum over all units."""
    return sum(count * value for count, value in runs)


def first(runs: Sequence[Run], count: int) -> Runs:
    """The first `count` units (all, if there are fewer)."""
    taken: Runs = []
    for size, value in runs:
        if count <= 0:
            break
        taken.append((min(size, count), value))
        count -= size
    return taken


def slice_total(runs: Sequence[Run], start: int, stop: int) -> int:
    """The sum over the units from `start` up to `stop`."""
    return total(first(runs, stop)) - total(first(runs, start))


def expand(runs: Sequence[Run]) -> list[int]:
    """One value for each unit."""
    return [value for count, value in runs for _ in range(count)]


def pack(values: Sequence[int]) -> Runs:
    """The runs of a list of values."""
    runs: Runs = []
    for value in values:
        if runs and runs[-1][1] == value:
            runs[-1] = (runs[-1][0] + 1, value)
        else:
            runs.append((1, value))
    return runs


def minus(runs: Sequence[Run], parts: Sequence[Run]) -> Runs:
    """Unit by unit; units beyond the end of `parts` keep their value."""
    return _combine(runs, parts, -1)


def plus(runs: Sequence[Run], parts: Sequence[Run]) -> Runs:
    """Unit by unit; units beyond the end of `parts` keep their value."""
    return _combine(runs, parts, 1)


def split(amount: int, weights: Sequence[Run]) -> Runs:
    """Split an amount over units by largest remainder; the same as `money.split` on the units.

    Ties go to the earlier unit. The amount is at most the sum of the weights, or all are zero.
    """
    whole = total(weights)
    if whole == 0:
        if amount:
            raise ValueError("nothing to split over")
        return [(count, 0) for count, _ in weights]
    if len(weights) == 1:
        return _evenly(amount, weights[0][0])
    shares = [divmod(amount * value, whole) for _, value in weights]
    left = amount - sum(
        count * floor for (count, _), (floor, _) in zip(weights, shares, strict=True)
    )
    extra = [0] * len(weights)
    for index in sorted(range(len(weights)), key=lambda i: (-shares[i][1], i)):
        extra[index] = min(left, weights[index][0])
        left -= extra[index]
        if not left:
            break
    parts: Runs = []
    for (count, _), (floor, _), more in zip(weights, shares, extra, strict=True):
        parts += [run for run in ((more, floor + 1), (count - more, floor)) if run[0]]
    return parts


def _evenly(amount: int, count: int) -> Runs:
    """An amount over units of equal value."""
    floor, more = divmod(amount, count)
    return [run for run in ((more, floor + 1), (count - more, floor)) if run[0]]


def _combine(runs: Sequence[Run], parts: Sequence[Run], sign: int) -> Runs:
    if len(runs) == len(parts) == 1 and runs[0][0] == parts[0][0]:
        return [(runs[0][0], runs[0][1] + sign * parts[0][1])]
    combined: Runs = []
    for count, value, part in _aligned(runs, parts):
        result = value + sign * part
        if combined and combined[-1][1] == result:
            combined[-1] = (combined[-1][0] + count, result)
        else:
            combined.append((count, result))
    return combined


def _aligned(runs: Sequence[Run], parts: Sequence[Run]) -> Iterator[tuple[int, int, int]]:
    """Stretches of units on which both lists are constant: how many, value, part."""
    rest = iter(parts)
    size, part = next(rest, (0, 0))
    for run_count, value in runs:
        count = run_count
        while count:
            if not size:
                size, part = next(rest, (count, 0))
                continue
            step = min(count, size)
            yield step, value, part
            count -= step
            size -= step
