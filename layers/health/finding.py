"""What a check hands back, and what the registry says about a check."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from layers.health.records import Criterion, Grade, Places
from layers.health.subject import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One thing found: what, how often, where, and how to put it right."""

    what: str
    count: int
    fix: str
    where: Places = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Outcome of a check that applied.

    Attributes
    ----------
    bad : share that is bad, 0 … 1
    total : how many things were looked at
    found : nothing, one thing, or one per column or other layer
    note : what people should know about how it was found out, e.g. that it was sampled
    """

    bad: float
    total: int
    found: tuple[Found, ...] = ()
    note: str = ""

    @property
    def count(self) -> int:
        """How many things are bad."""
        return sum(one.count for one in self.found)


def share(
    count: int, total: int, what: str, fix: str, *, where: Places = (), note: str = ""
) -> Finding:
    """`count` bad things out of `total`, as one thing found; nothing found where `count` is 0."""
    found = (Found(what=what, count=count, fix=fix, where=where),) if count else ()
    return Finding(bad=count / total if total else 0.0, total=total, found=found, note=note)


def whole(bad: float, what: str, fix: str, *, where: Places = ()) -> Finding:
    """Something about the layer as a whole, bad by 0 … 1."""
    found = (Found(what=what, count=1, fix=fix, where=where),) if bad > 0 else ()
    return Finding(bad=bad, total=1, found=found)


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the registry.

    The score is 100 × max(0, 1 − bad / zero_at): 100 where nothing is bad, 0 once the share that is
    bad reaches `zero_at`.

    Attributes
    ----------
    code : stable, lower-case with dashes
    criterion : which of the six scores it counts for
    weight : within the criterion
    run : pure function; None where the check does not apply to the subject
    element : the data-quality element of ISO 19157-1:2023 it measures
    title : name for people
    formula : how `bad` comes about
    zero_at : share at which the score is 0
    limit : best grade the layer may have while this check scores below 50, "" for no limit
    """

    code: str
    criterion: Criterion
    weight: float
    run: Callable[[Subject], Finding | None]
    element: str
    title: str
    formula: str
    zero_at: float = 1.0
    limit: Grade | None = None

    def score(self, bad: float) -> float:
        """0 … 100 for a bad share of 0 … 1."""
        return 100.0 * max(0.0, 1.0 - max(0.0, bad) / self.zero_at)
