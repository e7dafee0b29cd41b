"""What came back? Each message is read once, judged, and put away; none can stop the others."""

import logging
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from urllib.parse import SplitResult

from sqlmodel import Session, col, delete

from notifications import bounces, folders, replies
from notifications.fates import Fate
from notifications.folders import Arrived, FolderError
from notifications.incoming import Incoming, understand
from notifications.returns import Purpose, Returns, returns_of
from schemas.tables import Mail, Received
from secretariat import ledger
from secretariat.commands.office import Desk, Office
from secretariat.errors import UnreachableError
from secretariat.ownership import ENGINE
from secretariat.settings import Settings

LARGEST = 10_000_000  # bytes; then even a scan is too much for a reply
BATCH = 100
KEPT = timedelta(days=90)

log = logging.getLogger(__name__)


@dataclass
class Inbox:
    """The folder that what comes back is delivered to; ``trouble`` says why it is not read."""

    office: Office
    returns: Returns
    url: SplitResult
    trouble: str = field(default="", init=False)

    def read(self) -> Counter[Fate]:
        """Deal with what lies there, at most a batch; how many met which fate."""
        met: Counter[Fate] = Counter()
        try:
            with folders.opened(self.url) as folder:
                for message in folder.arrived(BATCH):
                    fate = self._fate(message)
                    folder.put_away(message, aside=fate is Fate.UNREADABLE)
                    met[fate] += 1
            self.trouble = ""
        except FolderError as error:
            if self.trouble != str(error):
                log.warning("%s", error)
            self.trouble = str(error)
        return met

    def _fate(self, message: Arrived) -> Fate:
        """Decide a message and remember it in one transaction, so that it counts once."""
        key = sha256(message.name.rpartition("/")[2].encode() + b"\0" + message.head).hexdigest()
        try:
            fits = message.size <= LARGEST
            said = understand(message.head) if fits else None
            with self.office.store.write() as session:
                if known := session.get(Received, key):
                    return Fate(known.fate)
                fate = self._decided(session, message, said) if fits else Fate.TOO_LARGE
                _remember(session, key, fate, self.office)
                return fate
        except UnreachableError:
            raise
        except Exception:  # whoever wrote it must not stop what others wrote
            log.exception("an incoming message cannot be handled and is set aside")
            with self.office.store.write() as session:
                _remember(session, key, Fate.UNREADABLE, self.office)
            return Fate.UNREADABLE

    def _decided(self, session: Session, message: Arrived, said: Incoming | None) -> Fate:
        if said is None:
            return Fate.TOO_DEEP
        to = self.returns.found_in(said.sent_to)
        if to is None:
            return Fate.UNSIGNED
        if not to.genuine:
            return Fate.FORGED
        mail = session.get(Mail, to.mail)
        if mail is None or mail.content is None:
            return Fate.UNKNOWN
        now = self.office.clock.now()
        desk = Desk(session, self.office.programme, now, ENGINE)
        if to.purpose is Purpose.BOUNCE and not _is_answer(mail, said):
            fate = bounces.judge(desk, mail, said, min(message.at, now))
        else:
            fate = replies.file(desk, mail, said)
        ledger.append(session, desk.events, at=now, by=ENGINE)
        return fate


def _is_answer(mail: Mail, said: Incoming) -> bool:
    """Whether what came to the bounce address is an answer: out-of-office programs write there."""
    if said.verdicts:
        return False
    from_there = bool(said.sender) and said.sender == (mail.address or "").lower()
    return said.kind == "away" or from_there or not said.null_sender


def _remember(session: Session, key: str, fate: Fate, office: Office) -> None:
    now = office.clock.now()
    session.merge(Received(id=key, at=now, fate=fate))
    session.exec(delete(Received).where(col(Received.at) < now - KEPT))


def inbox_of(settings: Settings, office: Office) -> Inbox | None:
    """This installation's, if it has one. Raises BadInputError."""
    url = settings.inbox_url
    return Inbox(office, returns_of(settings), url) if url else None
