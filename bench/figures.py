"""What a measurement found, each figure beside the baseline of the same run."""

import json
import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value; `ratio` is value / baseline, `met` None where there is no aim.

    `baseline` is what the thing named after "beside" in `name` reached in the same run.
    """

    name: str
    value: float
    unit: str
    baseline: float | None = None
    ratio: float | None = None
    aim: str = ""
    met: bool | None = None


def plain(name: str, value: float, unit: str, *, baseline: float | None = None) -> Figure:
    """Return a figure without an aim."""
    return Figure(name, _rounded(value), unit, _maybe(baseline), _ratio(value, baseline))


def at_most(
    name: str, value: float, unit: str, limit: float, *, baseline: float | None = None
) -> Figure:
    """Return a figure that should not pass a limit, in its own unit."""
    return _aimed(name, value, unit, f"≤ {_shown(limit)}", value <= limit, baseline)


def at_least(
    name: str, value: float, unit: str, limit: float, *, baseline: float | None = None
) -> Figure:
    """Return a figure that should reach a limit, in its own unit."""
    return _aimed(name, value, unit, f"≥ {_shown(limit)}", value >= limit, baseline)


def at_least_baseline(
    name: str, value: float, unit: str, limit: float, *, baseline: float
) -> Figure:
    """Return a figure that should reach a limit, and its baseline as well."""
    met = value >= limit and value >= baseline
    return _aimed(name, value, unit, f"≥ {_shown(limit)} and ≥ baseline", met, baseline)


def no_worse_than_baseline(
    name: str, value: float, unit: str, *, baseline: float, margin: float
) -> Figure:
    """Return a figure that may pass its baseline by a margin in its own unit, not more."""
    met = value <= baseline + margin
    return _aimed(name, value, unit, f"≤ baseline + {_shown(margin)}", met, baseline)


def _aimed(
    name: str, value: float, unit: str, aim: str, met: bool, baseline: float | None
) -> Figure:
    ratio = _ratio(value, baseline)
    return Figure(name, _rounded(value), unit, _maybe(baseline), ratio, aim, met)


def _ratio(value: float, baseline: float | None) -> float | None:
    if not baseline or not math.isfinite(value):
        return None
    return _rounded(value / baseline)


def _maybe(value: float | None) -> float | None:
    return None if value is None else _rounded(value)


def _rounded(value: float) -> float:
    """Return a value with the digits that mean something: four, more before the point."""
    if value == 0 or not math.isfinite(value):
        return value
    return round(value, max(0, 3 - math.floor(math.log10(abs(value)))))


def median(values: Sequence[float]) -> float:
    """Return the median of repeated measurements."""
    return float(statistics.median(values))


def percentile(values: Sequence[float], part: float) -> float:
    """Return the value that `part` (0 to 1) of all values do not pass; one that was measured.

    Errors: ValueError when there are no values.
    """
    if not values:
        msg = "There is no percentile of no values; the measurement found nothing."
        raise ValueError(msg)
    ordered = sorted(values)
    return ordered[max(0, math.ceil(part * len(ordered)) - 1)]


_HEADS = ("figure", "value", "unit", "baseline", "ratio", "aim", "met")
_RIGHT = {"value", "baseline", "ratio"}


def table(figures: Sequence[Figure]) -> str:
    """Return the figures as a table for a person."""
    rows = [_HEADS, *(_cells(figure) for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADS))]
    lines = [_line(row, widths) for row in rows]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def _cells(figure: Figure) -> tuple[str, ...]:
    met = {None: "", True: "yes", False: "NO"}[figure.met]
    baseline = "" if figure.baseline is None else _shown(figure.baseline)
    ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
    return (figure.name, _shown(figure.value), figure.unit, baseline, ratio, figure.aim, met)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [
        cell.rjust(width) if head in _RIGHT else cell.ljust(width)
        for head, cell, width in zip(_HEADS, row, widths, strict=True)
    ]
    return "  ".join(cells).rstrip()


def _shown(value: float) -> str:
    if not math.isfinite(value):
        return "none"
    return f"{value:,.0f}" if float(value).is_integer() else f"{_rounded(value):,}"


def write_json(file: Path, figures: Sequence[Figure]) -> None:
    """Write the figures as a list of objects with the fields of `Figure`.

    Errors: ValueError when a value is not a number.
    """
    text = json.dumps(
        [asdict(figure) for figure in figures], indent=2, ensure_ascii=False, allow_nan=False
    )
    file.write_text(f"{text}\n", encoding="utf-8")
