"""How healthy a layer, or a city of layers, is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime

import numpy as np

from layers.health.finding import Check, Finding
from layers.health.grading import CRITICAL, grade_of, limited, overall_of, scores_of
from layers.health.records import MAX_PLACES, Assessment, CheckResult, Issue
from layers.health.registry import CHECKS, LIMITS
from layers.health.subject import Subject
from layers.kinds.layer import Layer
from layers.notices import Severity
from layers.progress import SILENT, Progress

_GOOD = 90.0
_WORST_FIRST = ("error", "warning", "info")


def assess(
    layer: Layer,
    *,
    context: Iterable[Layer] = (),
    today: date | None = None,
    progress: Progress = SILENT,
) -> Assessment:
    """Run every check that applies to `layer`.

    Parameters
    ----------
    layer
        Of any kind.
    context
        The other layers of the city, for checks across layers; `layer` itself may be among them.
    today
        Day that ages are counted to; None for now (UTC).
    """
    subject = Subject(layer, context, today=today or datetime.now(UTC).date())
    results: list[CheckResult] = []
    issues: list[Issue] = []
    for number, check in enumerate(CHECKS):
        subject.progress = progress.part(number / len(CHECKS), (number + 1) / len(CHECKS))
        subject.progress.step(0.0, f"{layer.name}: {check.title}")
        # Numbers may be infinite or absurd; finding that out shall not fill standard error.
        with np.errstate(all="ignore"):
            finding = check.run(subject)
        if finding is None:
            continue
        results.append(_result(check, finding))
        issues += _issues(check, finding)
    scores = scores_of(results)
    overall = overall_of(scores)
    grade, limited_by = limited(grade_of(overall), results, LIMITS)
    points = {result.code: result.score for result in results}
    return Assessment(
        id=layer.id,
        name=layer.name,
        kind=layer.kind,
        scores=scores,
        overall=overall,
        grade=grade,
        limited_by=limited_by,
        issues=tuple(
            sorted(issues, key=lambda i: (_WORST_FIRST.index(i.severity), points[i.code]))
        ),
        checks=tuple(results),
    )


def assess_city(
    layers: Mapping[str, Layer], progress: Progress = SILENT, *, today: date | None = None
) -> dict[str, Assessment]:
    """Assess every layer among the others: layer id → assessment."""
    assessments = {}
    for number, (layer_id, layer) in enumerate(layers.items()):
        part = progress.part(number / len(layers), (number + 1) / len(layers))
        others = [other for other in layers.values() if other is not layer]
        assessments[layer_id] = assess(layer, context=others, today=today, progress=part)
    return assessments


def _result(check: Check, finding: Finding) -> CheckResult:
    return CheckResult(
        code=check.code,
        criterion=check.criterion,
        score=round(check.score(finding.bad), 1),
        weight=check.weight,
        bad=finding.bad,
        count=finding.count,
        total=finding.total,
        note=finding.note,
    )


def _issues(check: Check, finding: Finding) -> list[Issue]:
    severity = _severity(check, check.score(finding.bad))
    return [
        Issue(
            code=check.code,
            what=found.what,
            count=found.count,
            where=found.where[:MAX_PLACES],
            fix=found.fix,
            severity=severity,
            criterion=check.criterion,
            total=finding.total,
        )
        for found in finding.found
    ]


def _severity(check: Check, score: float) -> Severity:
    if check.limit is not None and score < CRITICAL:
        return "error"
    return "warning" if score < _GOOD and check.weight >= 1 else "info"
