"""Which mails leave now? Claimed, frozen, sent one by one, each outcome committed for itself."""

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, func, or_, select

from notifications.compose import Composer
from notifications.digest import bundle
from notifications.overtaken import overtaken
from notifications.smtp import Outcome, Relay, RelayError, send
from schemas.tables import Mail
from secretariat.clock import Clock
from secretariat.errors import SecretariatError
from secretariat.store import Store

LEASE = timedelta(minutes=20)  # longer than one message's SMTP timeouts together
BATCH = 50
ENDS = {"accepted", "bounced", "refused", "suppressed", "expired"}
BACKOFF = [timedelta(minutes=m) for m in (1, 5, 15, 30)]

log = logging.getLogger(__name__)


@dataclass
class Outbox:
    """Drains the outbox of one store through one relay. One drain runs at a time."""

    store: Store
    clock: Clock
    composer: Composer
    relay: Relay
    trouble: str = field(default="", init=False)

    def drain(self) -> int:
        """Send everything that may leave now; returns how many mails ended.

        With the relay down nothing is failed: mails wait, and ``trouble`` says why.
        """
        ended = 0
        while batch := self._claim():
            try:
                ended += asyncio.run(self._send(batch))
                self.trouble = ""
            except RelayError as error:
                self._put_back(batch)
                if self.trouble != str(error):
                    log.warning("%s", error)
                self.trouble = str(error)
                break
        return ended

    def held(self) -> int:
        """How many mails wait for a person, because they cannot be written or handed over."""
        with self.store.read() as session:
            query = select(func.count()).select_from(Mail).where(Mail.state == "held")
            return session.exec(query).one()

    def _claim(self) -> list[int]:
        """Mark a batch as being sent; a mail whose last claim died may have been sent already."""
        now = self.clock.now()
        with self.store.read() as session:
            if session.exec(_sendable(now).limit(1)).first() is None:
                return []
        with self.store.write() as session:
            claimed = []
            bundle(session, self.composer.programme.digest, now)
            for mail in session.exec(_sendable(now).limit(BATCH)):
                if mail.state == "sending":
                    mail.possible_duplicate = True
                if _freeze(self.composer, session, mail, now) and mail.id:
                    mail.state, mail.lease_until = "sending", now + LEASE
                    mail.attempts += 1
                    claimed.append(mail.id)
            return claimed

    async def _send(self, batch: list[int]) -> int:
        ended = 0
        async with self.relay.connected() as client:
            for key in batch:
                with self.store.read() as session:
                    mail = session.get_one(Mail, key)
                assert mail.address
                assert mail.content
                outcome = await send(client, self.composer.sender, mail.address, mail.content)
                ended += self._record(key, outcome)
                if outcome.unknown:
                    raise RelayError(outcome.reply)
        return ended

    def _record(self, key: int, outcome: Outcome) -> int:
        now = self.clock.now()
        with self.store.write() as session:
            mail = session.get_one(Mail, key)
            mail.state, mail.reply, mail.lease_until = outcome.state, outcome.reply, None
            mail.possible_duplicate |= outcome.unknown
            if outcome.state == "accepted":
                mail.accepted_at = now
            if outcome.state in ENDS:
                mail.ended_at = now
            if outcome.state == "waiting":
                mail.not_before = now + BACKOFF[min(mail.attempts, len(BACKOFF)) - 1]
        return int(outcome.state != "waiting")

    def _put_back(self, batch: list[int]) -> None:
        """What the relay has not taken waits for the next drain."""
        with self.store.write() as session:
            for key in batch:
                mail = session.get_one(Mail, key)
                if mail.state == "sending":
                    mail.state, mail.lease_until = "waiting", None
                    mail.not_before = self.clock.now() + BACKOFF[0] / 6


def write_due(store: Store, composer: Composer, now: datetime) -> None:
    """Freeze what may leave at ``now``, unsent: where time leaps, mails keep their hour."""
    with store.write() as session:
        bundle(session, composer.programme.digest, now)
        for mail in session.exec(_sendable(now).where(col(Mail.content).is_(None))):
            _freeze(composer, session, mail, now)


def _freeze(composer: Composer, session: Session, mail: Mail, now: datetime) -> bool:
    """Whether the mail is still to be sent, and now has its bytes."""
    if over := overtaken(session, mail):
        mail.state, mail.reply, mail.lease_until = "suppressed", over, None
        mail.ended_at = now
        return False
    if mail.content is None:
        try:
            composer.freeze(session, mail, now)
        except SQLAlchemyError:
            raise
        except Exception as error:  # one mail that cannot be written must not stop the others
            if not isinstance(error, SecretariatError):
                log.exception("mail %s cannot be written", mail.id)
            mail.state, mail.reply = "held", f"cannot be written: {error}"
            mail.lease_until = None
            return False
    return True


def _sendable(now: datetime):  # type: ignore[no-untyped-def]
    """Mails whose hour has come, and those a dead process left half sent; urgent ones first."""
    return (
        select(Mail)
        .where(
            or_(
                (col(Mail.state) == "waiting") & (col(Mail.not_before) <= now),
                (col(Mail.state) == "sending") & (col(Mail.lease_until) <= now),
            )
        )
        .order_by(col(Mail.urgency), col(Mail.not_before), col(Mail.id))
    )
