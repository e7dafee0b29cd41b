"""What goes on by itself, in one process at a time: clock, mail, calendars, webhooks, Prefect."""

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import SplitResult

from apscheduler.schedulers.background import BackgroundScheduler

from flows import relay
from notifications.allowance import Limits
from notifications.compose import Composer
from notifications.inbox import inbox_of
from notifications.outbox import Outbox
from notifications.postman import Postman
from notifications.smtp import LOOPBACK, Relay
from notifications.tidy import tidy
from notifications.webhooks import Courier
from secretariat.children import Prefect, client_of
from secretariat.clock import WallClock
from secretariat.commands import auditing, recount, upkeep
from secretariat.commands.office import Office
from secretariat.errors import UnreachableError
from secretariat.lease import BEAT, Turn, holder
from secretariat.settings import Settings
from secretariat.shelf import Shelf
from secretariat.timers import tick
from secretariat.watch import Watch


class Engine:
    """The parts beside the board, which begin when it is this process's turn.

    All they write is fenced: once another process has taken over, it is refused.
    """

    def __init__(
        self, settings: Settings, office: Office, writer: Composer, url: SplitResult
    ) -> None:
        self.turn = Turn(office.store, holder(settings.directory))
        self.office = replace(office, store=self.turn.fenced())
        limits = limits_of(settings, url)
        outbox = Outbox(self.office.store, office.clock, writer, Relay(url), limits)
        self._watch = Watch(self.office.store, office.clock)
        self._postman = Postman(outbox, self._may)
        self._inbox = inbox_of(settings, self.office)
        self._prefect = Prefect(settings, office.programme)
        self._carrier = relay.Relay(self.office, settings.prefect_api, client_of(settings))
        self._courier = Courier(self.office, settings)
        self._calendars = recount.Notice(self.office)
        self._shelf = Shelf(settings, WallClock(), partial(upkeep.tell, self.office))
        self._way = "leaving by your relay" if settings.smtp else "caught here"
        self._scheduler = self._scheduled()
        self._stopping, self._ended = threading.Event(), threading.Event()
        self._keeper = threading.Thread()

    def start(self, first: Callable[[], None], fail: Callable[[Exception], None]) -> None:
        """Begin, after ``first()``, as soon as it is our turn, without holding anybody up.

        ``fail`` hears of what makes going on impossible, such as that another has taken over.
        """

        def begin() -> None:
            first()
            auditing.begin(self.office)
            self._calendars.look()
            self._scheduler.start()
            self._postman.start()
            self._prefect.start()

        beginning = _thread("first", begin, fail)
        self._keeper = _thread("turn", lambda: self._keep_turn(beginning), fail)
        self._keeper.start()

    def stop(self) -> None:
        """End what was begun; mails under way are finished, and the next may take over at once."""
        self._stopping.set()
        self._postman.stop()
        self._prefect.stop()
        if self._scheduler.running:
            self._scheduler.shutdown()
        self._ended.set()  # until here it is our turn, or what is under way could not be kept
        if self._keeper.ident:
            self._keeper.join()
        with suppress(UnreachableError):
            self.turn.give_back()

    def health(self) -> dict[str, str]:
        """How each part beside the board is, in words."""
        if self.turn.words:
            return {"Clock": self.turn.words}
        outbox = self._postman.outbox
        mail = f"{self._postman.words or self._way}{outbox.waiting_in_words()}"
        if broken := outbox.composer.templates.broken:
            mail += f"; templates to mend: {', '.join(sorted(set(broken.values())))}"
        clock = self._watch.trouble or "ticking"
        state = {"Clock": clock, "Mail": mail, "Prefect": self._prefect.words}
        state |= {"Backups": self._shelf.words()}
        state |= {"Inbox": self._inbox.trouble or "read every minute"} if self._inbox else {}
        state |= {"Webhooks": words} if (words := self._courier.trouble()) else {}
        return state | ({"Calendar": words} if (words := self._calendars.words()) else {})

    def _keep_turn(self, beginning: threading.Thread) -> None:
        """Stand by until it is our turn, and say that we live from then on."""
        while not self._ended.is_set():
            ours = self.turn.look()
            if ours and not (beginning.ident or self._stopping.is_set()):
                beginning.start()
            self._ended.wait(BEAT)

    def _may(self) -> bool:
        """Whether the clock may tick, and mails may leave, from here and now."""
        return self.turn.is_ours and self._watch.trusts()

    def _tick(self) -> None:
        if self._may():
            tick(self.office)

    def _scheduled(self) -> BackgroundScheduler:
        """APScheduler only ticks; what is due is decided from the store."""
        scheduler = _Scheduler(
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        )
        templates = self._postman.outbox.composer.templates
        every: list[tuple[Callable[[], Any], timedelta, timedelta]] = [
            (self._tick, timedelta(seconds=1), timedelta(seconds=1)),
            (templates.refresh, timedelta(seconds=2), timedelta(seconds=2)),
            (self._carrier.carry, timedelta(seconds=2), timedelta(seconds=2)),
            (self._courier.deliver, timedelta(seconds=2), timedelta(seconds=2)),
            (self._tidy, timedelta(days=1), timedelta(minutes=10)),  # when the start is over
            (self._shelf.tend, timedelta(hours=1), timedelta(minutes=15)),  # of what is tidy
        ]
        if self._inbox:
            every.append((self._inbox.read, timedelta(minutes=1), timedelta()))
        for job, interval, first in every:
            scheduler.add_job(
                _lasting(job),
                "interval",
                seconds=interval.total_seconds(),
                next_run_time=WallClock(first).now(),
            )
        return scheduler

    def _tidy(self) -> None:
        tidy(self.office.store, self.office.clock.now())


def limits_of(settings: Settings, url: SplitResult) -> Limits:
    """What is set; else what the large hosts allow, and no limit within this machine."""
    near = url.hostname in LOOPBACK
    return Limits(
        per_minute=settings.smtp_per_minute or (None if near else 30),
        per_day=settings.smtp_per_day or (None if near else 10_000),
        connections=settings.smtp_connections,
    )


class _Scheduler(BackgroundScheduler):  # type: ignore[misc]
    """Ticks on when the machine's clock is put back, which APScheduler would wait to catch up."""

    def _process_jobs(self) -> Any:
        now = datetime.now(self.timezone)
        for job in self.get_jobs():
            if job.next_run_time - now > job.trigger.interval:
                job.modify(next_run_time=now)
        return super()._process_jobs()


def _lasting(job: Callable[[], Any]) -> Callable[[], None]:
    """A job whose failure is logged and tried again at the next tick."""

    def run() -> None:
        try:
            job()
        except Exception:
            logging.getLogger(__name__).exception("a tick failed; the next one tries again")

    return run


def _thread(
    name: str, work: Callable[[], None], fail: Callable[[Exception], None]
) -> threading.Thread:
    """A thread that ends with the program, and whose failure is heard of."""

    def run() -> None:
        try:
            work()
        except Exception as error:
            fail(error)

    return threading.Thread(target=run, name=name, daemon=True)
