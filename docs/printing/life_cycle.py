"""The life-cycle of a holding: secretariat/ownership.py's table, drawn and as a table."""

from collections.abc import Iterator

from schemas.phase import Phase, Standing
from secretariat.ownership import RULES, Rule

ACCEPTED = {Phase.SHARED, Phase.GOVERNMENT_LED}


def phases() -> Iterator[str]:
    """How far a holding is, and the acts that change it."""
    yield "```mermaid\nstateDiagram-v2"
    yield f"    [*] --> {Phase.UN_LED}"
    for phase in Phase:
        yield f'    state "{phase.words}" as {phase}'
    for rule in RULES:
        for phase in rule.phases:
            for after in after_act(rule, phase):
                if after is not phase:
                    yield f"    {phase} --> {after}: {rule.act}"
    yield "```"


def after_act(rule: Rule, phase: Phase) -> list[Phase]:
    """Accepting takes a holding to the phase it was offered in, and never back."""
    if rule.act == "accept":
        return sorted((p for p in ACCEPTED if order(p) >= order(phase)), key=order)
    return [rule.becomes or phase]


def order(phase: Phase) -> int:
    return list(Phase).index(phase)


def standings() -> Iterator[str]:
    """What is under way with a holding, and the acts that begin and end it."""
    yield "```mermaid\nstateDiagram-v2"
    yield f"    [*] --> {Standing.STEADY}"
    for before in Standing:
        for after in Standing:
            acts = [r.act for r in RULES if before in r.standings and r.then is after]
            if acts and before is not after:
                yield f"    {before} --> {after}: {', '.join(acts)}"
    yield "```"


def table() -> Iterator[str]:
    yield "| Act | From the phase | while it is | Who may | Then it is | Custody | Event |"
    yield "|---|---|---|---|---|---|---|"
    for rule in RULES:
        any_phase = len(rule.phases) == len(Phase)
        phase = "any" if any_phase else ", ".join(p.words for p in rule.phases)
        becomes = "as offered" if rule.act == "accept" else rule.becomes and rule.becomes.words
        custody = {True: "only", False: "never", None: "either"}[rule.custody]
        cells = (
            f"**{rule.act}**",
            phase,
            ", ".join(rule.standings),
            " or ".join(rule.who),
            f"{becomes or 'the same'}, {rule.then}",
            custody,
            f"`{rule.event}`",
        )
        yield f"| {' | '.join(cells)} |"


def page() -> str:
    return "\n".join(
        [
            "# The life-cycle of a holding",
            "",
            "Generated from the table in `secretariat/ownership.py` by `make pages`; the same",
            "table decides every act, so this page cannot say anything but what the program does.",
            "",
            "A holding (a duty at one receiver) has exactly one accountable owner at any instant.",
            "A change of owner has two parties: one offers, the other accepts. The owner stays the",
            "owner until then. The steward is the secretariat and, once that has ended, the office",
            "that holds the chair; it takes into custody what an ended body leaves. In custody a",
            "holding keeps its phase but does not count as transferred.",
            "",
            "## How far it is",
            "",
            *phases(),
            "",
            "## What is under way",
            "",
            *standings(),
            "",
            "## The table",
            "",
            *table(),
            "",
            "A phase that is further on is entered only when the receiver's readiness checklist is",
            "there up to it, or what is missing was waived by a named person with a reason.",
            "",
        ]
    )
