"""What does the mail say? Rendered once, proved, and frozen to bytes before the first attempt."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.parser import BytesParser
from email.policy import SMTP
from functools import partial
from hashlib import sha256
from typing import Any

from sqlalchemy import Row, Table, bindparam
from sqlmodel import Session, select

from notifications.envelope import Envelope, address
from notifications.facts import Facts, Known
from notifications.invitations import Invitation
from notifications.links import DIGESTS, Links
from notifications.overrides import Overrides
from notifications.returns import NOT_READ, Returns, returns_of
from notifications.signing import Signer, signer
from schemas.programme import Programme
from schemas.tables import Mail, Urgency
from secretariat import words
from secretariat.commands import digests, posts
from secretariat.commands.office import Desk
from secretariat.commands.reach import TO_ONE
from secretariat.errors import UnknownError
from secretariat.keys import kept_keys
from secretariat.languages import ENGLISH, Language
from secretariat.settings import Settings

_OUTBOX: Table = Mail.__table__  # type: ignore[attr-defined]
_FIRST_ABOUT = {
    thing: select(_OUTBOX.c.idem_key, _OUTBOX.c.asked_at, _OUTBOX.c.message_id)
    .where(_OUTBOX.c[thing] == bindparam("thing"))
    .order_by(_OUTBOX.c.id)
    .limit(1)
    for thing in ("obligation", "holding")
}


@dataclass(frozen=True)
class MailSeen:
    """A mail as it would be sent from ``leaves_at`` (UTC) on."""

    to: str
    subject: str
    leaves_at: datetime
    text: str


@dataclass(frozen=True)
class Looked:
    """What would happen: sentences, and the mails it would send."""

    sentences: list[str]
    mails: list[MailSeen]


@dataclass(frozen=True)
class Composer:
    """Writes mails of one programme, from one sender, with links to one board."""

    programme: Programme
    links: Links
    sender: str
    signer: Signer | None = None
    own: Overrides | None = None
    returns: Returns = NOT_READ

    @property
    def templates(self) -> Overrides:
        return self.own or Overrides(self.programme)

    def envelope_sender(self, mail: int) -> str:
        """Where a relay reports that the mail of this number did not arrive."""
        return self.returns.bounce_address(mail) or self.sender

    def freeze(self, session: Session, mail: Mail, now: datetime) -> None:
        """Fill in subject, Message-ID and the bytes that every attempt will send.

        Raises UnknownError (its contact is gone from the programme), NoAddressError, BadInputError
        (what it says would forge a header, or its template is broken).
        """
        post = self.programme.contact(mail.contact)
        if post is None:
            raise UnknownError(f"The contact {mail.contact} is no longer in the programme.")
        itself = mail.template in TO_ONE
        contact = post if itself else posts.answering(session, self.programme, post, now)
        person = posts.holder(session, contact.slug, now)
        told = Facts(session, self.programme, self.links, self.templates, contact, person, now)
        facts = told.of(mail)
        facts["stands_in_for"] = told.post_name(post.slug) if contact is not post else ""
        may_stop = mail.template in digests.TEMPLATES
        facts["stop"] = told.link(DIGESTS, contact.slug) if may_stop else ""
        name = person.name if person else told.post_name(contact.slug)
        reader = address(name, (person.email if person else None) or contact.email)
        text, html = self.templates.write(
            mail.template, told.language, facts, must_leave=mail.urgency <= Urgency.DUTY
        )
        envelope = self._envelope(told, mail, reader, facts, text, html)
        content = envelope.as_bytes()
        mail.address, mail.language = reader.addr_spec, told.language.code
        mail.subject, mail.message_id = envelope.subject, envelope.message_id
        mail.content = self.signer.signed(content) if self.signer else content
        mail.sha256 = sha256(mail.content).hexdigest()

    def _envelope(
        self, told: Facts, mail: Mail, reader: Address, facts: Known, text: str, html: str
    ) -> Envelope:
        subject, _, text = text.partition("\n")
        sender = address(f"{self.programme.name} secretariat", self.sender)
        tag, link = told.language.tag, facts["link"]
        return Envelope(
            sender=sender,
            recipient=reader,
            subject=subject,
            date=told.now,
            message_id=self._message_id(mail),
            thread=self._thread(told.session, mail),
            reply_to=self.returns.reply_address(mail.id),
            language=tag,
            text=text.strip() + "\n",
            html=html,
            head=facts["head"],
            unsubscribe=facts["stop"] if facts["stop"].startswith("https:") else None,
            invitations=tuple(
                Invitation(found, text.strip(), link, sender, reader, tag, told.now)
                for found in facts["appointments"]
            ),
        )

    def _message_id(self, mail: Mail | Row[Any]) -> str:
        """The name of a mail for ever: it is the same when the mail is written anew."""
        asked = f"{mail.idem_key}|{mail.asked_at.astimezone(UTC).isoformat()}"
        return f"<{sha256(asked.encode()).hexdigest()[:32]}@{self.sender.partition('@')[2]}>"

    def _thread(self, session: Session, mail: Mail) -> str | None:
        """The Message-ID of the first mail about the same thing; None: this is the first."""
        if mail.obligation is None and mail.holding is None:
            return None
        thing = "holding" if mail.obligation is None else "obligation"
        asked = {"thing": getattr(mail, thing)}
        first = session.connection().execute(_FIRST_ABOUT[thing], asked).first()
        if first is None or first.idem_key == mail.idem_key:
            return None
        return first.message_id or self._message_id(first)

    def look(self, desk: Desk, language: Language = ENGLISH) -> Looked:
        """What an act leads to, in words, before it is taken back: events and mails."""
        return Looked(
            [words.sentence(desk.programme, event, desk.by, language) for event in desk.events],
            [self._letter(desk, mail) for mail in desk.mails],
        )

    def _letter(self, desk: Desk, mail: Mail) -> MailSeen:
        self.freeze(desk.session, mail, desk.now)
        message = BytesParser(policy=SMTP).parsebytes(mail.content or b"")
        plain = message.get_body(("plain",))
        text = plain.get_content().replace("\r\n", "\n") if plain else ""
        return MailSeen(str(message["To"]), str(message["Subject"]), mail.not_before, text)


def composer(settings: Settings, programme: Programme) -> Composer:
    """Who writes this installation's mails."""
    links = Links(partial(kept_keys, settings.link_keys), settings.board_url)
    vouching = signer(settings.dkim_key, settings.dkim_selector, settings.mail_from)
    own = Overrides.beside(settings.programme, programme)
    return Composer(programme, links, settings.mail_from, vouching, own, returns_of(settings))
