"""Short sentences about an assessment: for a badge, its tooltip, a line in a log.

English source texts; `viewers` translates them by `CRITERION_NAMES`, `GRADE_MEANINGS` and the codes
of checks, whose titles are in the registry.
"""

from __future__ import annotations

from layers.health.records import CRITERIA, Assessment, Criterion, Grade
from layers.health.registry import CHECKS, check_of

CRITERION_NAMES: dict[Criterion, tuple[str, str]] = {
    "correct": ("Correct", "Đúng"),
    "sufficient": ("Sufficient", "Đủ"),
    "clean": ("Clean", "Sạch"),
    "live": ("Live", "Sống"),
    "consistent": ("Consistent", "Thống nhất"),
    "shared": ("Shared", "Dùng chung"),
}
"""English, Vietnamese."""

GRADE_MEANINGS: dict[Grade, str] = {
    "A": "Good for decisions",
    "B": "Good, with small faults",
    "C": "Usable; check what rests on it",
    "D": "For a first look only",
    "E": "Do not use for decisions",
}


def badge(one: Assessment) -> str:
    """A few characters for a layer's badge, such as "B 82"."""
    return one.grade if one.overall is None else f"{one.grade} {one.overall:.0f}"


def summary(one: Assessment) -> str:
    """One sentence: what the grade means, and what holds it down."""
    meaning = GRADE_MEANINGS[one.grade]
    if one.limited_by:
        return f"{meaning}: held at {one.grade} by “{check_of(one.limited_by).title}”"
    low = weakest_criterion(one)
    score = None if low is None else one.scores.of(low)
    if low is None or score is None or score >= 90:
        return meaning
    return f"{meaning}; weakest: {CRITERION_NAMES[low][0].lower()} ({score:.0f})"


def weakest_criterion(one: Assessment) -> Criterion | None:
    """The criterion with the lowest score, None where none applies."""
    known = [(score, c) for c in CRITERIA if (score := one.scores.of(c)) is not None]
    return min(known, key=lambda pair: pair[0])[1] if known else None


def tooltip(one: Assessment, *, most: int = 3) -> str:
    """The summary, then the worst issues, one a line."""
    lines = [summary(one)] + [f"• {issue.what}" for issue in one.issues[:most]]
    if len(one.issues) > most:
        lines.append(f"… and {len(one.issues) - most} more")
    return "\n".join(lines)


def check_table() -> str:
    """All checks as a Markdown table: what the user guide shows."""
    head = (
        "| code | counts for | weight | what | bad share | score 0 from | best grade | ISO 19157-1 |",
        "|---|---|---|---|---|---|---|---|",
    )
    rows = (
        f"| `{c.code}` | {c.criterion} | {c.weight:g} | {c.title} | {c.formula} | {c.zero_at:.0%} "
        f"| {c.limit or ''} | {c.element} |"
        for c in CHECKS
    )
    return "\n".join((*head, *rows))
