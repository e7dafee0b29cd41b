"""The steps that say how far a function is: its strands, its figures, what was to be by now."""

from flows import steps
from schemas.anchor import Anchor
from schemas.figures import FigureSeen, StrandSeen
from secretariat import figures
from secretariat.reconcile import today_of


@steps.step("say how far each strand is", "read")
def how_far(function: str) -> str:
    """“National referral mechanism: Capacities mapped 6 of 6, …”, for each strand."""
    return "; ".join(
        f"{strand.name}: "
        + ", ".join(
            f"{stage['name']} {strand.reached(stage['slug'])} of {len(strand.receivers)}"
            for stage in strand.stages
        )
        for strand in _strands(function)
    )


@steps.step("say what was expected by now", "read")
def expected_by_now(function: str) -> str:
    """The stages that were to be reached on a day that has passed, and of whom."""
    today = today_of(steps.the_office())
    overdue = [
        f"{report.receiver_name}: {report.name}, expected {expected.words}"
        for strand in _strands(function)
        for report in strand.reports.values()
        if report.state != "reached" and report.when
        if (expected := Anchor.model_validate(report.when)).day < today
    ]
    return "expected by now and not reported: " + ("; ".join(overdue) or "nothing")


@steps.step("say who reported nothing yet", "read")
def silent(function: str) -> str:
    """The receivers no stage of a strand was ever reported of."""
    said = [
        f"{strand.name}: {', '.join(missing)}"
        for strand in _strands(function)
        if (missing := _unheard(strand))
    ]
    return "nothing reported yet: " + ("; ".join(said) or "by nobody")


@steps.step("say what was counted", "read")
def counted(function: str, cycle: str) -> str:
    """The figures of the cycle's period, with their parts."""
    found = [_words(figure) for figure in _figures(function) if figure.period in (cycle, cycle[:4])]
    return f"{cycle}: " + ("; ".join(found) or "no figure yet")


@steps.step("say what does not fit together", "read")
def contradicting(function: str) -> str:
    """The figures whose statements contradict each other: somebody has to look at them."""
    found = [
        f"{figure.name}, {figure.about_name}, {figure.period}: {each.words}"
        for figure in _figures(function)
        for each in figure.contradictions
    ]
    return "contradictions: " + ("; ".join(found) or "none")


@steps.step("say what is planned", "read")
def outlook(function: str) -> str:
    """“National consultations on referral: 3 of 9”: done, of what is done and planned."""
    found = [
        f"{each.name}: {each.outlook}"
        for each in figures.by_indicator(_figures(function))
        if each.outlook
    ]
    return "; ".join(found) or "nothing is planned in figures"


def _strands(function: str) -> list[StrandSeen]:
    office = steps.the_office()
    with office.store.read() as session:
        return figures.strands(session, office.programme, steps.the_function(function))


def _figures(function: str) -> list[FigureSeen]:
    office = steps.the_office()
    with office.store.read() as session:
        return figures.figures(session, office.programme, function, guarded=False)


def _unheard(strand: StrandSeen) -> list[str]:
    heard = {report.receiver for report in strand.reports.values()}
    return [name for receiver, name in strand.receivers.items() if receiver not in heard]


def _words(figure: FigureSeen) -> str:
    parts = figure.standing.parts if figure.standing else {}
    split = ", ".join(f"{value:,} {part}" for part, value in parts.items())
    return f"{figure.name}, {figure.about_name}: {figure.said}" + (f" ({split})" if split else "")
