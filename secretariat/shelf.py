"""The backups there are: one a day, each proved again every week, the older ones thinned out."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from schemas.backup import stamp
from secretariat import backups
from secretariat.clock import Clock
from secretariat.errors import BadInputError, ConflictError, SecretariatError
from secretariat.settings import Settings

DAY, WEEKS, MONTHS = timedelta(days=1), 5, 12
_NAME = "secretariat-{stamp}.zip"


def name_at(now: datetime) -> str:
    """What the backup made at a moment (UTC) is called."""
    return _NAME.format(stamp=stamp(now))


def on(shelf: Path) -> dict[datetime, Path]:
    """The backups in a directory by when they were made, the oldest first; only ours by name."""
    found = {}
    for path in shelf.glob(_NAME.format(stamp="*")):
        try:
            at = datetime.strptime(path.name, _NAME.format(stamp="%Y%m%dT%H%M%SZ")).replace(
                tzinfo=UTC
            )
        except ValueError:
            continue
        found[at] = path
    return dict(sorted(found.items()))


def age(shelf: Path, now: datetime) -> timedelta | None:
    """How old the last backup is that was proved; None if there is none."""
    there = on(shelf)
    return now - max(there) if there else None


def kept(made: Iterable[datetime], days: int) -> set[datetime]:
    """The last one of each of the last so many days, of five weeks and twelve months.

    Days, weeks and months without any do not count, so an old one stays if nothing newer was made.
    """
    newest_first = sorted(made, reverse=True)
    periods: list[tuple[int, Callable[[datetime], object]]] = [
        (days, lambda at: at.date()),
        (WEEKS, lambda at: at.isocalendar()[:2]),
        (MONTHS, lambda at: (at.year, at.month)),
    ]
    return {at for most, period in periods for at in _last_of_each(newest_first, period, most)}


def _last_of_each(
    newest_first: list[datetime], period: Callable[[datetime], object], most: int
) -> Iterator[datetime]:
    seen: set[object] = set()
    for at in newest_first:
        if period(at) not in seen and len(seen) < most:
            seen.add(period(at))
            yield at


@dataclass
class Shelf:
    """What the program does about backups by itself. ``tell`` brings a failure to who can help."""

    settings: Settings
    clock: Clock
    tell: Callable[[str], None]
    trouble: str = field(default="", init=False)

    def tend(self) -> None:
        """Make today's backup, thin the others out, prove again those of this weekday.

        Safe to run at any time; meant for every hour, so that what failed is tried again.
        """
        now = self.clock.now()
        old = age(self.settings.backups, now)
        if old is not None and old < DAY:
            return
        try:
            backups.make(self.settings, self.settings.backups / name_at(now), now)
            self._thin_out()
            self._prove_again(now)
        except SecretariatError as error:
            self.trouble = str(error)
            self.tell(self.trouble)
        else:
            self.trouble = ""

    def words(self) -> str:
        """How the backups are, for a person."""
        there = on(self.settings.backups)
        last = f"the last of {max(there):%Y-%m-%d %H:%M} UTC" if there else "none yet"
        if self.trouble:
            return f"{self.trouble} ({last})"
        return f"{last}, which restores" if there else last

    def _thin_out(self) -> None:
        there = on(self.settings.backups)
        for made_at in there.keys() - kept(there, self.settings.backups_kept):
            there[made_at].unlink(missing_ok=True)

    def _prove_again(self, now: datetime) -> None:
        """Disks forget: each backup that is kept is restored once a week, on its own weekday."""
        for made_at, path in on(self.settings.backups).items():
            if made_at.weekday() == now.weekday() and made_at.date() != now.date():
                self._prove_one(path)

    def _prove_one(self, path: Path) -> None:
        try:
            backups.prove(self.settings, path)
        except BadInputError as error:
            path.rename(f"{path}.damaged")
            raise ConflictError(f"{error} It is called {path.name}.damaged now.") from None
