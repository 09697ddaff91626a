"""What a torture run found: one table for people, one file for programs."""

import json
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench.torture_judge import Verdict

_SHOWN_FINDINGS = 20


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one trial; `unrest` says what was never done, empty when all was."""

    name: str
    verdict: Verdict | None
    planned: int
    updates: int
    sends: int
    seconds: float
    kills: int = 0
    doubtful: tuple[int, ...] = ()
    ended: tuple[str, ...] = ()
    unrest: str = ""
    notes: str = ""

    @property
    def problems(self) -> tuple[str, ...]:
        """Return everything that must not be; first what may be the cause of the rest."""
        found = self.verdict.findings if self.verdict else ()
        ends = [f"the bot ended by itself: {words}" for words in self.ended]
        unrest = [self.unrest] if self.unrest else []
        return tuple(f"{self.name}: {words}" for words in (*ends, *unrest, *found))


@dataclass(frozen=True, slots=True)
class Report:
    """A whole run; the first outcome is that of the kills."""

    seed: int
    database: str
    seconds: float
    senders: int
    steps: Mapping[str, int]
    missed: Mapping[str, int]
    faults: Mapping[str, int]
    outcomes: tuple[Outcome, ...] = ()
    unhit: tuple[str, ...] = field(default=())
    """Named steps at which nobody was killed."""

    @property
    def problems(self) -> tuple[str, ...]:
        """Return everything that must not be."""
        unhit = [f"nobody was killed at the step {step}" for step in self.unhit]
        return (*(line for outcome in self.outcomes for line in outcome.problems), *unhit)

    def as_json(self) -> dict[str, object]:
        """Return the figures as bench/torture.json has them."""
        verdicts = [each.verdict for each in self.outcomes if each.verdict]
        doubtful = [count for each in self.outcomes for count in each.doubtful]
        return {
            "kills": sum(each.kills for each in self.outcomes),
            "messages": sum(each.planned for each in self.outcomes),
            "updates": sum(each.updates for each in self.outcomes),
            "sends": sum(each.sends for each in self.outcomes),
            "lost": sum(len(each.lost) for each in verdicts),
            "silent_duplicates": sum(len(each.silent_duplicates) for each in verdicts),
            "order_violations": sum(len(each.order_violations) for each in verdicts),
            "sent_not_delivered": sum(len(each.sent_not_delivered) for each in verdicts),
            "uncertain": sum(each.uncertain for each in verdicts),
            "senders": self.senders,
            "in_doubt_at_a_kill": {
                "most": max(doubtful, default=0),
                "mean": round(sum(doubtful) / len(doubtful), 2) if doubtful else 0,
            },
            "seed": self.seed,
            "database": self.database,
            "seconds": round(self.seconds, 1),
            "steps": dict(self.steps),
            "steps_not_reached_in_time": dict(self.missed),
            "faults": dict(self.faults),
            "trials": [_trial(each) for each in self.outcomes],
            "problems": list(self.problems),
        }


def _trial(outcome: Outcome) -> dict[str, object]:
    verdict = outcome.verdict
    return {
        "name": outcome.name,
        "kills": outcome.kills,
        "messages": outcome.planned,
        "delivered": verdict.delivered if verdict else None,
        "lost": len(verdict.lost) if verdict else None,
        "silent_duplicates": len(verdict.silent_duplicates) if verdict else None,
        "order_violations": len(verdict.order_violations) if verdict else None,
        "sent_not_delivered": len(verdict.sent_not_delivered) if verdict else None,
        "uncertain": verdict.uncertain if verdict else None,
        "seconds": round(outcome.seconds, 1),
        "at_rest": not outcome.unrest,
        "notes": outcome.notes,
    }


_HEADING = (
    "trial", "kills", "messages", "arrived", "lost", "silent twice", "out of order",
    "sent, not there", "in doubt", "seconds",
)  # fmt: skip


def table(report: Report) -> str:
    """Return the table for people."""
    rows = [_HEADING, *(_row(each) for each in report.outcomes)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(_HEADING))]
    lines = [_line(row, widths) for row in rows]
    lines.insert(1, "  ".join("-" * width for width in widths))
    doubtful = [count for each in report.outcomes for count in each.doubtful]
    most = max(doubtful, default=0)
    mean = sum(doubtful) / len(doubtful) if doubtful else 0.0
    lines += [
        "",
        f"database {report.database}, seed {report.seed}, {report.seconds:.0f} s",
        f"in doubt at a kill: {mean:.2f} on average, {most} at most; senders: {report.senders}",
        f"killed at: {_counts(report.steps)}",
        f"faults that happened: {_counts(report.faults)}",
    ]
    if report.missed:
        lines.append(f"not reached in time, killed from outside: {_counts(report.missed)}")
    lines += [f"{each.name}: {each.notes}" for each in report.outcomes if each.notes]
    problems = report.problems
    lines.append("")
    if not problems:
        lines.append("Nothing lost, nothing twice in silence, everything in order.")
    else:
        lines.append(f"BROKEN, {len(problems)} findings:")
        lines += [f"  {problem}" for problem in problems[:_SHOWN_FINDINGS]]
        if len(problems) > _SHOWN_FINDINGS:
            lines.append(f"  … and {len(problems) - _SHOWN_FINDINGS} more in the file")
    return "\n".join(lines)


def _row(outcome: Outcome) -> tuple[str, ...]:
    verdict = outcome.verdict
    found = (
        (
            verdict.delivered,
            len(verdict.lost),
            len(verdict.silent_duplicates),
            len(verdict.order_violations),
            len(verdict.sent_not_delivered),
            verdict.uncertain,
        )
        if verdict
        else ("?",) * 6
    )
    return (
        outcome.name,
        str(outcome.kills),
        str(outcome.planned),
        *(str(figure) for figure in found),
        f"{outcome.seconds:.0f}",
    )


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    name, *figures = row
    return "  ".join(
        [name.ljust(widths[0]), *(f.rjust(w) for f, w in zip(figures, widths[1:], strict=True))]
    )


def _counts(counted: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counted.items())) or "none"


def write(report: Report, path: Path) -> None:
    """Write the figures where programs find them."""
    path.write_text(json.dumps(report.as_json(), indent=2) + "\n", encoding="utf-8")


class Progress:
    """A line that is written over and over, for whoever watches a terminal."""

    def __init__(self) -> None:
        self._watched = sys.stdout.isatty()

    def kills(self, done: int, of: int) -> None:
        """Show how many kills are done."""
        self._show(f"killed {done} of {of}")

    def clear(self) -> None:
        """Make room for the table."""
        self._show("")

    def _show(self, words: str) -> None:
        if self._watched:
            sys.stdout.write(f"\r\x1b[K{words}")
            sys.stdout.flush()


def total(counters: list[Counter[str]]) -> dict[str, int]:
    """Return the sum of several counts."""
    return dict(sum(counters, Counter[str]()))
