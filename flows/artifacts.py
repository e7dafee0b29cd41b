"""How far each cycle is, as artifacts on Prefect's pages: a share and a table."""

import logging
from datetime import datetime

from prefect.artifacts import create_progress_artifact, create_table_artifact
from sqlmodel import col, or_, select

from schemas.tables import Cycle, Obligation
from secretariat import progress
from secretariat.commands.office import Office
from secretariat.reconcile import today_of

log = logging.getLogger(__name__)


def show(office: Office, function: str, cycle: str | None, since: datetime) -> None:
    """The cycle asked for; else those that are open or were closed ``since``.

    What is done stays done when Prefect does not take them.
    """
    try:
        with office.store.read() as session:
            query = select(Cycle).where(
                Cycle.function == function,
                Cycle.name == cycle
                if cycle
                else or_(col(Cycle.closed_at).is_(None), col(Cycle.closed_at) >= since),
            )
            for found in session.exec(query):
                asked = session.exec(select(Obligation).where(Obligation.cycle == found.id))
                _show(office, found, list(asked))
    except Exception as error:
        log.warning("Prefect was not shown how far %s is: %s", function, error)


def _show(office: Office, cycle: Cycle, asked: list[Obligation]) -> None:
    key = progress.key(cycle.id)
    title = f"{cycle.function} {cycle.name}"
    done = sum(each.done_at is not None for each in asked)
    create_progress_artifact(
        progress.share(cycle, asked), key=key, description=f"{title}: {done} of {len(asked)} done"
    )
    rows = progress.rows(office.programme, asked, today_of(office))
    create_table_artifact(rows, key=f"{key}-obligations", description=title)
