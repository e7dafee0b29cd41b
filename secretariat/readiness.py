"""May a holding enter its next phase? What a receiver must have before it does."""

from collections.abc import Collection, Sequence

from schemas.phase import Phase
from schemas.programme import ReadinessItem
from secretariat.catalogues import marked
from secretariat.errors import ConflictError

ORDER = list(Phase)


def missing(
    checklist: Sequence[ReadinessItem], there: Collection[str], phase: Phase
) -> list[ReadinessItem]:
    """The items neither there nor waived that must be before a holding is in ``phase``."""
    return [
        item
        for item in checklist
        if ORDER.index(item.before) <= ORDER.index(phase) and item.slug not in there
    ]


def check(
    holding: str,
    checklist: Sequence[ReadinessItem],
    there: Collection[str],
    before: Phase,
    after: Phase,
) -> None:
    """Let a holding go from one phase to another. Raises ConflictError naming what is missing."""
    if ORDER.index(after) <= ORDER.index(before):
        return
    lacking = missing(checklist, there, after)
    if lacking:
        raise ConflictError(
            marked(
                "{holding} is not ready to be {phase}. Missing: {items}. Say with what evidence "
                "each is there (attest), or let the steward or the chair waive it with a reason."
            ),
            holding=holding,
            phase=after.words,
            items=", ".join(f"{item.name} ({item.slug})" for item in lacking),
        )
