"""The table that is printed, and the results that are kept."""

import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.kit.row import Measured, Row
from config.embedded import PROJECT

KEPT = PROJECT / "bench" / "results.json"
_COLUMNS = ("row", "ours", "limit", "ratio", "goal", "verdict", "machine")

Result = dict[str, Any]


def result(row: Row, found: Measured, *, scale: float) -> Result:
    """All that is kept of a row."""
    return {
        "row": row.name,
        "what": row.what,
        "against": row.against,
        "unit": row.unit,
        "ours": round(found.ours, 3),
        "limit": round(found.limit, 3) if found.limit else None,
        "ratio": round(found.ratio, 3) if found.ratio is not None else None,
        "goal": row.goal,
        "also": {one.text: one.holds for one in found.also},
        "met": found.meets(row),
        "figures": found.figures,
        "scale": scale,
        "machine": machine(),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def machine() -> str:
    """Where it was measured: processor, cores, memory, Python."""
    cores = os.cpu_count() or 0
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{cores} × {_processor()}, {memory:.0f} GB, Python {platform.python_version()}"


def line(found: Result) -> str:
    """One row in words."""
    ratio = "" if found["ratio"] is None else f", ratio {found['ratio']}"
    limit = "" if found["limit"] is None else f" against {_amount(found, 'limit')}"
    also = "".join(f"; {text}" for text in found["also"])
    return f"{found['row']}: {_amount(found, 'ours')}{limit}{ratio}{also}: {_verdict(found)}"


def table(results: list[Result]) -> str:
    """All rows, in columns."""
    cells = [list(_COLUMNS)]
    for found in results:
        ratio = "–" if found["ratio"] is None else f"{found['ratio']:.2f}"
        limit = "–" if found["limit"] is None else _amount(found, "limit")
        goal = ", ".join([found["goal"], *found["also"]])
        figures = [_amount(found, "ours"), limit, ratio, goal]
        cells.append([found["row"], *figures, _verdict(found), found["machine"]])
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    rows = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in cells]
    return "\n".join([rows[0], "-" * len(rows[0]), *rows[1:]])


def keep(results: list[Result]) -> None:
    """Write the results beside those of the rows that were not measured this time."""
    known = json.loads(KEPT.read_text()) if KEPT.exists() else []
    new = {found["row"]: found for found in results}
    kept = [new.pop(old["row"], old) for old in known] + list(new.values())
    draft = KEPT.with_suffix(".new")
    draft.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")
    draft.replace(KEPT)


def _amount(found: Result, name: str) -> str:
    value: float = found[name]
    return f"{value:,.0f}{found['unit']}" if value >= 100 else f"{value:.3g} {found['unit']}"


def _verdict(found: Result) -> str:
    return "met" if found["met"] else "missed"


def _processor() -> str:
    for text in Path("/proc/cpuinfo").read_text().splitlines():
        if text.startswith("model name"):
            return text.partition(":")[2].strip()
    return platform.machine()
