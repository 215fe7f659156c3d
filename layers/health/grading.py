"""From checks to six scores, from scores to one grade."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from layers.health.records import CRITERIA, GRADES, CheckResult, Criterion, Grade, Scores

WEIGHTS: dict[Criterion, float] = {
    "correct": 3.0,
    "sufficient": 2.0,
    "clean": 2.0,
    "live": 1.0,
    "consistent": 2.0,
    "shared": 1.0,
}
"""What is wrong misleads; what is missing, dirty or contradictory hinders; what is old or unshared
costs a question."""

THRESHOLDS: tuple[tuple[Grade, float], ...] = (("A", 90.0), ("B", 75.0), ("C", 60.0), ("D", 40.0))
"""Lowest overall score of each grade; below the last is E."""

CRITICAL = 50.0
"""A check with a limit holds the grade down while it scores below this."""


def scores_of(results: Iterable[CheckResult]) -> Scores:
    """Weighted mean of the checks of each criterion, to 0.1; None where none applied."""
    sums: dict[Criterion, tuple[float, float]] = {}
    for result in results:
        points, weights = sums.get(result.criterion, (0.0, 0.0))
        sums[result.criterion] = (
            points + result.score * result.weight,
            weights + result.weight,
        )
    return Scores(**{c: round(p / w, 1) for c, (p, w) in sums.items()})


def overall_of(scores: Scores) -> float | None:
    """Mean of the scores that apply, weighted by `WEIGHTS`, to 0.1."""
    known = [(scores.of(c), WEIGHTS[c]) for c in CRITERIA]
    applying = [(score, weight) for score, weight in known if score is not None]
    if not applying:
        return None
    return round(sum(s * w for s, w in applying) / sum(w for _, w in applying), 1)


def grade_of(overall: float | None) -> Grade:
    """Grade of an overall score; "E" where nothing could be checked, for nothing is known."""
    if overall is None:
        return "E"
    return next((grade for grade, least in THRESHOLDS if overall >= least), "E")


def limited(
    grade: Grade, results: Sequence[CheckResult], limits: Mapping[str, Grade]
) -> tuple[Grade, str]:
    """The grade after the worst critical check, and the code of that check or ""."""
    code = ""
    for result in results:
        limit = limits.get(result.code)
        if limit is None or result.score >= CRITICAL:
            continue
        if GRADES.index(limit) > GRADES.index(grade):
            grade, code = limit, result.code
    return grade, code
