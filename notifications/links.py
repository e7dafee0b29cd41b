"""What may the holder of a mailed link do? One kind of act on one object, until it expires.

A token is ``key.random.signature``. The store keeps a hash of the random part, so that who reads
it holds no link; the signature covers what the link is for, and its key stays outside the store.
"""

import hmac
import re
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlmodel import Session, col, insert, select

from schemas.meeting_tables import Objection, Silence
from schemas.programme import Programme
from schemas.tables import Holding, Link, Obligation, Review, Urgency
from secretariat.commands import posts
from secretariat.commands.links import ASKING
from secretariat.commands.office import Desk, Office, bodies_of, in_office
from secretariat.keys import name_of
from secretariat.ownership import ENGINE

SIGN_IN = "sign-in"  # printed where secretariat is installed
SIGN_IN_MAILED = "mailed-sign-in"
SIGNING_IN = (SIGN_IN, SIGN_IN_MAILED)
DIGESTS = "digests"
STOPS_FOR = timedelta(days=365)  # whoever finds an old digest can still end them
LIVES = timedelta(days=30)
_MAKE = insert(Link)
_TOKEN = re.compile(r"([0-9a-f]{8})\.([A-Za-z0-9_-]{32})\.([A-Za-z0-9_-]{43})")
_NO_TOKEN = ("0" * 8, "0" * 32, "0" * 43)
_IN_PATHS = re.compile(r"(/link/)[^/\s?#\"'<>&]+")


@dataclass(frozen=True)
class Links:
    """Mints and opens links. ``keys`` gives the keys of this moment; the last one signs."""

    keys: Callable[[], list[str]]
    base_url: str

    def mint(
        self,
        session: Session,
        purpose: str,
        subject: str,
        contact: str,
        expires_at: datetime,
        now: datetime,
    ) -> str:
        """A new URL for one purpose: 192 random bits, and a row by which it can be called back.

        It is for whoever holds the contact's post at ``now``, and for nobody after them.
        """
        person = posts.holder(session, contact, now)
        return self.made(session, purpose, subject, contact, person, expires_at, now)

    def made(
        self,
        session: Session,
        purpose: str,
        subject: str,
        contact: str,
        person: posts.Holder | None,
        expires_at: datetime,
        now: datetime,
    ) -> str:
        """As ``mint``, where it is known who holds the contact's post."""
        key, random = self.keys()[-1], secrets.token_urlsafe(24)
        name = name_of(key)
        link = {
            "id": _hashed(random),
            "key": name,
            "purpose": purpose,
            "object": subject,
            "contact": contact,
            "person": person.slug if person else None,
            "made_at": now,
            "expires_at": expires_at,
        }
        session.connection().execute(_MAKE, link)
        signature = _signature(key, purpose, subject, contact, name, random)
        return f"{self.base_url}/link/{name}.{random}.{signature}"

    def page(self, path: str) -> str:
        """The URL of a page of the board, for mails that ask nothing."""
        return f"{self.base_url}/{path}"

    def find(self, session: Session, token: str) -> Link | None:
        """The link a token stands for, if a key of ours signed it; what is not costs the same."""
        shape = _TOKEN.fullmatch(token)
        name, random, signature = shape.groups() if shape else _NO_TOKEN
        keys = {name_of(key): key for key in self.keys()}
        link = session.get(Link, _hashed(random)) or _nobodys()
        key = keys.get(name, next(iter(keys.values())))
        covered = (link.purpose, link.object, link.contact, link.key, random)
        good = hmac.compare_digest(signature, _signature(key, *covered))
        return link if good and link.key == name else None

    def nonce(self, token: str) -> str:
        """What the page of a link carries, and its button sends: proof that somebody opened it."""
        return _mac(self.keys()[-1], "nonce", token)

    def knows(self, token: str, nonce: str) -> bool:
        """Whether a nonce is of this token's page, also of one opened before a new key signed."""
        sent = nonce.encode(errors="replace")
        return any(
            hmac.compare_digest(_mac(key, "nonce", token).encode(), sent) for key in self.keys()
        )


EXPIRED, CALLED_BACK = "expired", "called back"
_RENEWABLE = ("", EXPIRED, CALLED_BACK)


def refusal(session: Session, programme: Programme, link: Link | None, now: datetime) -> str:
    """Why a link cannot be used at ``now``, in words for the log; empty if it can.

    Asked for no link it looks up as much, so that time tells nothing.
    """
    asked = link or _nobodys()
    contact = programme.contact(asked.contact)
    holder = posts.holder(session, asked.contact, now)
    term, ended = in_office(session), bodies_of(session, programme).ended
    if link is None:
        return "not signed by a key of ours"
    if contact is None:
        return "its contact is no longer in the programme"
    by_mail = link.purpose not in SIGNING_IN
    in_chair = contact.body != programme.chair or (term and term.member == contact.member)
    reasons = {
        "its body has ended": by_mail and contact.body in ended,
        "the chair has passed on": by_mail and not in_chair,
        "somebody else holds the post": by_mail
        and link.person != (holder.slug if holder else None),
        CALLED_BACK: link.revoked_at,
        EXPIRED: link.expires_at <= now,
    }
    return next((why for why, so in reasons.items() if so), "")


def renew(office: Office, links: Links, token: str) -> None:
    """Mail a new link to the contact of an old one of ours, at most once an hour; else nothing.

    It goes where the old one went, so whoever asks gains nothing; a sign-in link is asked for anew.
    """
    now = office.clock.now()
    with office.store.write() as session:
        link = links.find(session, token)
        why = refusal(session, office.programme, link, now)
        if link is None or link.purpose not in ASKING or why not in _RENEWABLE:
            return
        if link.renewed_at and now - link.renewed_at < timedelta(hours=1):
            return
        link.renewed_at = now
        contact = office.programme.contact(link.contact)
        assert contact
        desk = Desk(session, office.programme, now, ENGINE)
        desk.mail(
            f"links#{link.id}#{now.isoformat()}",
            contact,
            "links",
            urgency=Urgency.AT_ONCE,
            items=[[link.purpose, link.object]],
            reason="",
        )


def is_open(session: Session, purpose: str, subject: str, body: str) -> bool:
    """Whether what a link asks is still to be answered by that body."""
    if purpose == "obligation":
        obligation = session.get(Obligation, subject)
        return obligation is not None and obligation.done_at is None
    if purpose == "silence":
        silence = session.get(Silence, subject)
        objected = session.get(Objection, (subject, body))
        return silence is not None and silence.state in ("open", "broken") and objected is None
    holding = session.get(Holding, subject)
    if holding is None:
        return False
    if purpose == "offer":
        return holding.offered_to == body
    asked = select(Review).where(Review.holding == subject, col(Review.answered_at).is_(None))
    return holding.owner == body and session.exec(asked).first() is not None


def runs_out(session: Session, purpose: str, subject: str, now: datetime) -> datetime:
    """Until when a link made at ``now`` is good: an offer's to its day, others a month longer."""
    if purpose == "obligation":
        return max(now, session.get_one(Obligation, subject).do_by) + LIVES
    if purpose == "silence":
        return max(now, session.get_one(Silence, subject).ends_at) + LIVES
    if purpose == "offer":
        return session.get_one(Holding, subject).answer_by or now
    return now + (STOPS_FOR if purpose == DIGESTS else LIVES)


def masked(text: str) -> str:
    """A text with the token of every link in it taken out."""
    return _IN_PATHS.sub(r"\1(removed)", text)


def _signature(key: str, *covered: str) -> str:
    return _mac(key, "link", *covered)


def _mac(key: str, *signed: str) -> str:
    mac = hmac.digest(key.encode(), "\n".join(signed).encode(), "sha256")
    return urlsafe_b64encode(mac).rstrip(b"=").decode()


def _hashed(random: str) -> str:
    return sha256(random.encode()).hexdigest()


def _nobodys() -> Link:
    """Stands in for the link that is not there, so that looking for it takes as long."""
    return Link(id="", key="", purpose="", object="", contact="")
