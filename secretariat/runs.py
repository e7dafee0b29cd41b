"""Which flow runs were asked for, how far are they? Remembered here whatever becomes of Prefect."""

from datetime import datetime, timedelta

from sqlmodel import Session, col, or_, select

from schemas.tables import Run
from secretariat.errors import ConflictError

UNFINISHED = ("waiting", "started", "running")
GIVEN_UP_AFTER = 3  # workers in a row that die of it
LEFT_TO_PREFECT = timedelta(minutes=1)  # its triggers take 5 to 15 seconds, on a busy machine 40


def alike(session: Session, deployment: str, cycle: str | None) -> list[Run]:
    """The runs of a deployment for one cycle, or for all that are open; the latest first."""
    query = select(Run).where(Run.deployment == deployment)
    runs = session.exec(query.order_by(col(Run.asked_at).desc(), col(Run.key).desc()))
    return [run for run in runs if run.parameters.get("cycle") == cycle]


def ask(session: Session, deployment: str, cycle: str | None, *, by: str, now: datetime) -> Run:
    """Ask for a run; while one like it is unfinished, that is the one meant."""
    same = alike(session, deployment, cycle)
    if same and same[0].state in UNFINISHED:
        same[0].not_before = None
        return same[0]
    run = _asked(deployment, cycle, f"{len(same) + 1}", by=by, now=now)
    session.add(run)
    return run


def expect(session: Session, deployment: str, now: datetime) -> None:
    """Prefect was told an event that is to set the deployment off, and may forget it.

    A run that has not begun counts for this event too; one at work may have looked already.
    """
    same = alike(session, deployment, None)
    if same and same[0].state in ("waiting", "started"):
        return
    run = _asked(deployment, None, f"{len(same) + 1}", by="prefect", now=now)
    run.not_before = now + LEFT_TO_PREFECT
    session.add(run)


def waiting(session: Session, now: datetime) -> list[Run]:
    """Runs Prefect is to be told of, oldest first."""
    query = select(Run).where(
        Run.state == "waiting", or_(col(Run.not_before).is_(None), col(Run.not_before) <= now)
    )
    return list(session.exec(query.order_by(col(Run.asked_at))))


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
    """The row of a run that begins; one Prefect began by itself is the one expected, or new.

    Raises ConflictError: it was given to another flow run, so this one must leave it alone.
    """
    same = select(Run).where(Run.prefect_id == prefect_id)
    run = session.get(Run, key) if key else session.exec(same).first()
    if run is None and key is None:
        run = _expected(session, deployment, cycle)
    if run is None:
        count = len(session.exec(select(Run.key).where(Run.deployment == deployment)).all())
        number = f"{prefect_id[:8]}-{count + 1}"
        run = _asked(deployment, cycle, number, by="prefect", now=now)
    elif run.state != "waiting":
        _check_is_at(run, prefect_id)
    run.state, run.prefect_id, run.steps, run.words = "running", prefect_id, [], ""
    run.not_before = None
    session.add(run)
    return run


def beat(session: Session, key: str, prefect_id: str) -> None:
    """Its process lives. Raises ConflictError as ``begin`` does."""
    run = session.get_one(Run, key)
    _check_is_at(run, prefect_id)
    run.beat += 1


def note(session: Session, key: str, prefect_id: str, step: str) -> None:
    """One more step is done. Raises ConflictError as ``begin`` does."""
    run = session.get_one(Run, key)
    _check_is_at(run, prefect_id)
    run.steps = [*run.steps, step]


def end(
    session: Session, key: str, prefect_id: str | None, state: str, words: str, now: datetime
) -> None:
    """The run is ``done`` or ``failed``, unless it was given to another flow run meanwhile."""
    run = session.get_one(Run, key)
    if run.prefect_id == prefect_id:
        run.state, run.words, run.ended_at = state, words, now


def take_back(session: Session, seen: Run, words: str, now: datetime) -> None:
    """What nobody has worked at since it was ``seen`` waits anew; lost too often, it failed."""
    run = session.get_one(Run, seen.key)
    if (run.state, run.prefect_id, run.beat) != (seen.state, seen.prefect_id, seen.beat):
        return
    run.lost += 1
    if run.lost >= GIVEN_UP_AFTER:
        end(session, run.key, run.prefect_id, "failed", words, now)
    else:
        run.state, run.prefect_id, run.words = "waiting", None, f"{words} It is started again."


def _asked(deployment: str, cycle: str | None, number: str, *, by: str, now: datetime) -> Run:
    """The row of one more run; ``number`` tells it from those alike."""
    return Run(
        key=f"{deployment}/{cycle or 'open'}#{number}",
        deployment=deployment,
        parameters={"cycle": cycle} if cycle else {},
        asked_at=now,
        asked_by=by,
    )


def _expected(session: Session, deployment: str, cycle: str | None) -> Run | None:
    """The run that Prefect's trigger is to begin, if one is waited for."""
    same = alike(session, deployment, cycle)
    return same[0] if same and same[0].state == "waiting" and same[0].not_before else None


def _check_is_at(run: Run, prefect_id: str) -> None:
    if run.prefect_id != prefect_id:
        raise ConflictError(f"{run.key} was given to another worker; this one leaves it alone.")
