"""This installation: its settings turned into a store, a programme and a clock."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import select

from schemas.tables import Setting
from secretariat.clock import Clock, WallClock
from secretariat.commands.office import Office
from secretariat.errors import ConflictError
from secretariat.history import live_until
from secretariat.programme import load_programme
from secretariat.settings import Settings
from secretariat.store import Store, opened

OFFSET = "clock.offset"
_SET = select(Setting.value).where(Setting.name == OFFSET)  # asked for again and again


@dataclass(frozen=True)
class DemoClock:
    """The machine's clock moved by what the store says, so every process tells the same time."""

    store: Store

    def now(self) -> datetime:
        return WallClock(timedelta(seconds=_offset(self.store) or 0)).now()

    def advance_to(self, at: datetime) -> None:
        """Move on to ``at`` for every process; never back, whoever else moves it."""
        offset = (at - WallClock().now()).total_seconds()
        with self.store.write() as session:
            setting = session.get_one(Setting, OFFSET)
            setting.value = str(max(float(setting.value), offset))


def open_office(settings: Settings) -> Office:
    """The office of an installation that has begun. Raises ConflictError, BadInputError."""
    store = opened(settings.store_url)
    return Office(store, load_programme(settings.programme), clock_of(store))


def is_demo(store: Store) -> bool:
    """Whether this store keeps a time of its own, as a loaded demo does."""
    return _offset(store) is not None


def clock_of(store: Store) -> Clock:
    """A demo keeps its own time; everything else the machine's."""
    return DemoClock(store) if is_demo(store) else WallClock()


def set_clock(store: Store, now: datetime) -> None:
    """From here on this store's time runs on from ``now`` (aware)."""
    offset = (now - WallClock().now()).total_seconds()
    with store.write() as session:
        session.merge(Setting(name=OFFSET, value=str(offset)))


def forward(office: Office, to: datetime, write: Callable[[], object]) -> None:
    """Let a demo's time pass until ``to``, with every reminder at its own time.

    ``write`` has the mails written that may leave at the moment the clock has come to.
    Raises ConflictError: this is no demo, or ``to`` is not ahead.
    """
    now = office.clock.now()
    if not isinstance(office.clock, DemoClock):
        raise ConflictError("Only a demo's clock can be moved; this store keeps real time.")
    if to <= now:
        raise ConflictError(f"Time only goes forward; it is already {now:%Y-%m-%d %H:%M} UTC.")
    live_until(office, office.clock, to, write)


def _offset(store: Store) -> float | None:
    with store.read() as session:
        found = session.connection().execute(_SET).scalar()
        return None if found is None else float(found)
