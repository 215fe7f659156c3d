"""What to repair first: the issues of all layers, ranked by what a decision gains.

The value of a fix is what the city's plans gain when one check of one layer is brought to 100:

    value = importance of the layer × (points its overall score gains + 10 × grades it rises)

`IMPORTANCE` says how many results rest on a kind of layer. Rising a grade counts for itself,
because every result carries the grade of its weakest input.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from layers.health.grading import grade_of, limited, overall_of, scores_of
from layers.health.records import GRADES, Assessment, CheckResult, Grade, Places
from layers.health.registry import LIMITS

IMPORTANCE = {
    "buildings": 3.0,
    "elevation": 2.0,
    "features": 2.0,
    "points": 1.5,
    "mesh": 1.0,
    "imagery": 0.5,
}
"""Sun, view, radio, noise and rules all ask for buildings; a picture is looked at, not computed."""

GRADE_POINTS = 10.0


class Fix(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to repair.

    Attributes
    ----------
    layer, name : id and name of the layer
    code : of the check
    what, fix, count, where : of its first issue; `count` over all issues of the check
    value : see the module; higher first
    gain : points the layer's overall score gains
    grade, grade_after : of the layer, now and once this alone is repaired
    """

    layer: str
    name: str
    code: str
    what: str
    fix: str
    count: int
    where: Places
    value: float
    gain: float
    grade: Grade
    grade_after: Grade


def fix_list(assessments: Iterable[Assessment]) -> tuple[Fix, ...]:
    """Every failing check of every layer, most valuable first."""
    fixes = [
        _fix(one, result)
        for one in assessments
        for result in one.checks
        if one.issue(result.code) is not None
    ]
    return tuple(sorted(fixes, key=lambda fix: (-fix.value, fix.name, fix.code)))


def _fix(one: Assessment, result: CheckResult) -> Fix:
    issue = one.issue(result.code)
    assert issue is not None
    repaired = tuple(
        msgspec.structs.replace(r, score=100.0) if r is result else r for r in one.checks
    )
    after = overall_of(scores_of(repaired))
    gain = (after or 0.0) - (one.overall or 0.0)
    grade_after, _ = limited(grade_of(after), repaired, LIMITS)
    rise = GRADES.index(one.grade) - GRADES.index(grade_after)
    value = IMPORTANCE.get(one.kind, 1.0) * (gain + GRADE_POINTS * rise)
    return Fix(
        layer=one.id,
        name=one.name,
        code=result.code,
        what=issue.what,
        fix=issue.fix,
        count=result.count,
        where=issue.where,
        value=round(value, 2),
        gain=round(gain, 2),
        grade=one.grade,
        grade_after=grade_after,
    )
