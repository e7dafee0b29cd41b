"""Which flow runs were asked for, how far are they? Remembered here whatever becomes of Prefect."""

from datetime import datetime

from sqlmodel import Session, col, select

from schemas.tables import Run

UNFINISHED = ("waiting", "started", "running")


def alike(session: Session, deployment: str, cycle: str | None) -> list[Run]:
    """The runs of a deployment for one cycle, or for all that are open; the latest first."""
    query = select(Run).where(Run.deployment == deployment)
    runs = session.exec(query.order_by(col(Run.asked_at).desc(), col(Run.key).desc()))
    return [run for run in runs if run.parameters.get("cycle") == cycle]


def ask(session: Session, deployment: str, cycle: str | None, *, by: str, now: datetime) -> Run:
    """Ask for a run; while one like it is unfinished, that is the one meant."""
    same = alike(session, deployment, cycle)
    if same and same[0].state in UNFINISHED:
        return same[0]
    run = Run(
        key=f"{deployment}/{cycle or 'open'}#{len(same) + 1}",
        deployment=deployment,
        parameters={"cycle": cycle} if cycle else {},
        asked_at=now,
        asked_by=by,
    )
    session.add(run)
    return run


def waiting(session: Session) -> list[Run]:
    """Runs Prefect has not been told of, oldest first."""
    return list(session.exec(select(Run).where(Run.state == "waiting").order_by(col(Run.asked_at))))


def under_way(session: Session) -> list[Run]:
    return list(session.exec(select(Run).where(col(Run.state).in_(("started", "running")))))


def begin(
    session: Session,
    key: str | None,
    deployment: str,
    cycle: str | None,
    prefect_id: str,
    now: datetime,
) -> Run:
    """The row of a run that begins; a run Prefect started by itself gets one now."""
    same = select(Run).where(Run.prefect_id == prefect_id)
    run = session.get(Run, key) if key else session.exec(same).first()
    if run is None:
        count = len(session.exec(select(Run.key).where(Run.deployment == deployment)).all())
        run = Run(
            key=f"{deployment}/{cycle or 'open'}#{prefect_id[:8]}-{count + 1}",
            deployment=deployment,
            parameters={"cycle": cycle} if cycle else {},
            asked_at=now,
            asked_by="prefect",
        )
    run.state, run.prefect_id, run.steps, run.words = "running", prefect_id, [], ""
    session.add(run)
    return run


def note(session: Session, key: str, step: str) -> None:
    """One more step is done."""
    run = session.get_one(Run, key)
    run.steps = [*run.steps, step]


def end(session: Session, key: str, state: str, words: str, now: datetime) -> None:
    """The run is ``done`` or ``failed``."""
    run = session.get_one(Run, key)
    run.state, run.words, run.ended_at = state, words, now
