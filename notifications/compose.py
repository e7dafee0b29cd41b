"""What does the mail say? Rendered once, proved, and frozen to bytes before the first attempt."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.parser import BytesParser
from email.policy import SMTP
from functools import partial
from hashlib import sha256
from typing import Any

from markupsafe import Markup
from sqlmodel import Session, col, select

from notifications.appointments import appointments
from notifications.envelope import Envelope, address
from notifications.invitations import Invitation
from notifications.links import DIGESTS, Links, is_open, runs_out
from notifications.overrides import Overrides
from notifications.overtaken import still_needed
from notifications.returns import NOT_READ, Returns, returns_of
from notifications.signing import Signer, signer
from schemas.anchor import Anchor
from schemas.events import Event
from schemas.programme import Contact, Programme
from schemas.tables import Holding, Mail, Obligation, Reply, Urgency
from secretariat import ladder, ledger, week, words
from secretariat.commands import digests, posts
from secretariat.commands.office import Desk
from secretariat.errors import UnknownError
from secretariat.keys import kept_keys
from secretariat.languages import Language, language_of
from secretariat.moments import in_words
from secretariat.settings import Settings


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
        contact = posts.answering(session, self.programme, post, now)
        person = posts.holder(session, contact.slug, now)
        mail.address = (person.email if person else None) or contact.email
        language = language_of(contact.language)
        facts = self._words(session, mail, contact, now)
        facts["stands_in_for"] = self._name(post, language) if contact is not post else ""
        name = person.name if person else self._name(contact, language)
        facts["stop"] = self._stop(session, mail, contact, now)
        text, html = self.templates.write(
            mail.template, language, facts, must_leave=mail.urgency <= Urgency.DUTY
        )
        subject, _, text = text.partition("\n")
        sender = address(f"{self.programme.name} secretariat", self.sender)
        recipient = address(name, mail.address)
        envelope = Envelope(
            sender=sender,
            recipient=recipient,
            subject=subject,
            date=now,
            message_id=self._message_id(mail),
            thread=self._thread(session, mail),
            reply_to=self.returns.reply_address(mail.id),
            language=language.tag,
            text=text.strip() + "\n",
            html=html,
            head=facts["head"],
            unsubscribe=facts["stop"] if facts["stop"].startswith("https:") else None,
            invitations=tuple(
                Invitation(
                    appointment=found,
                    description=text.strip(),
                    link=facts["link"],
                    organizer=sender,
                    attendee=recipient,
                    language=language.tag,
                    written_at=now,
                )
                for found in facts["appointments"]
            ),
        )
        mail.language = language.code
        mail.subject, mail.message_id = envelope.subject, envelope.message_id
        content = envelope.as_bytes()
        mail.content = self.signer.signed(content) if self.signer else content
        mail.sha256 = sha256(mail.content).hexdigest()

    def _stop(self, session: Session, mail: Mail, contact: Contact, now: datetime) -> str:
        """The link that ends digests; empty for mails one has to get."""
        if mail.template not in digests.TEMPLATES:
            return ""
        return self._link(session, DIGESTS, contact.slug, contact, now)

    def _message_id(self, mail: Mail) -> str:
        """The name of a mail for ever: it is the same when the mail is written anew."""
        asked = f"{mail.idem_key}|{mail.asked_at.astimezone(UTC).isoformat()}"
        return f"<{sha256(asked.encode()).hexdigest()[:32]}@{self.sender.partition('@')[2]}>"

    def _thread(self, session: Session, mail: Mail) -> str | None:
        """The Message-ID of the first mail about the same thing; None: this is the first."""
        if mail.obligation is None and mail.holding is None:
            return None
        about = col(Mail.holding) == mail.holding
        if mail.obligation is not None:
            about = col(Mail.obligation) == mail.obligation
        first = session.exec(select(Mail).where(about).order_by(col(Mail.id)).limit(1)).first()
        if first is None or first.idem_key == mail.idem_key:
            return None
        return first.message_id or self._message_id(first)

    def look(self, desk: Desk) -> Looked:
        """What an act leads to, in words, before it is taken back: events and mails."""
        return Looked(
            [words.sentence(desk.programme, event, desk.by) for event in desk.events],
            [self._letter(desk, mail) for mail in desk.mails],
        )

    def _letter(self, desk: Desk, mail: Mail) -> MailSeen:
        self.freeze(desk.session, mail, desk.now)
        message = BytesParser(policy=SMTP).parsebytes(mail.content or b"")
        plain = message.get_body(("plain",))
        text = plain.get_content().replace("\r\n", "\n") if plain else ""
        return MailSeen(str(message["To"]), str(message["Subject"]), mail.not_before, text)

    def _words(
        self, session: Session, mail: Mail, contact: Contact, now: datetime
    ) -> dict[str, Any]:
        about = {
            "obligation": self._about_obligation,
            "holding": self._about_holding,
            "support": self._about_support,
            "ended": self._about_ended,
            "digest": self._about_digest,
            "weekly": self._about_week,
            "undelivered": self._about_undelivered,
            "links": self._about_links,
            "unreachable": self._about_unreachable,
            "reply": self._about_reply,
            "moved": self._about_moved,
            "extension": self._about_extension,
            "meeting": self._about_meeting,
            "gap": self._about_gaps,
        }[mail.template]
        language = language_of(contact.language)
        common = {
            "programme": self.programme,
            "post": self._name(contact, language),
            "contact_body": words.name_of(self.programme, contact.body, language),
            "local": in_words(contact.zone, language),
            "now": now,
            "head": str(ledger.head(session)),
        }
        facts = mail.context | common | about(session, mail, contact, now)
        return {"appointments": appointments(session, mail, contact, facts)} | facts

    def _about_obligation(
        self, session: Session, mail: Mail, contact: Contact, now: datetime
    ) -> dict[str, Any]:
        obligation = session.get(Obligation, mail.obligation)
        if obligation is None:
            raise UnknownError(f"There is no obligation “{mail.obligation}” any more.")
        language = language_of(contact.language)
        return {
            "obligation": obligation,
            "title": language.text_of(self.programme, obligation.title),
            "function": words.function_name(self.programme, obligation.function, language),
            "cycle": obligation.cycle.partition("/")[2],
            "body": words.name_of(self.programme, obligation.body, language),
            "own": contact.body == obligation.body,
            "late_days": ladder.days_late(obligation.do_by, now),
            "link": self._link(session, "obligation", obligation.id, contact, now),
        }

    def _about_holding(
        self, session: Session, mail: Mail, contact: Contact, now: datetime
    ) -> dict[str, Any]:
        holding = session.get(Holding, mail.holding)
        if holding is None:
            raise UnknownError(f"There is no holding “{mail.holding}” any more.")
        language = language_of(contact.language)
        kind = mail.context["kind"]
        said = Event(kind, holding.id, mail.context["facts"])
        purpose = {"holding.offered": "offer", "review.asked": "review"}.get(kind)
        return {
            "heading": words.title_of(self.programme, said, language),
            "said": words.sentence(self.programme, said, mail.context["by"], language),
            "holding": holding,
            "phase": words.phase_name(holding.phase, language),
            "offered_phase": words.phase_name(holding.offered_phase or holding.phase, language),
            "owner": words.name_of(self.programme, holding.owner, language),
            "to_answer": purpose is not None,
            "link": self._link(session, purpose, holding.id, contact, now)
            if purpose
            else self.links.page(f"holdings/{holding.id}"),
        }

    def _about_support(
        self, _session: Session, mail: Mail, contact: Contact, _now: datetime
    ) -> dict[str, Any]:
        slug, language = mail.context["function"], language_of(contact.language)
        return {
            "function": words.function_name(self.programme, slug, language),
            "body": words.name_of(self.programme, mail.context["body"], language),
            "why": words.why_support(self.programme, mail.context, language),
            "link": self.links.page(f"functions/{slug}"),
        }

    def _about_moved(
        self, _session: Session, mail: Mail, contact: Contact, _now: datetime
    ) -> dict[str, Any]:
        language = language_of(contact.language)
        why, moves = mail.context["why"], mail.context["moves"]
        event = Event(why["kind"], why["subject"], why["data"]) if why else None
        by, cycles = mail.context["by"], sorted({move["cycle"] for move in moves})
        return {
            "about": event.subject if event else ", ".join(cycles),
            "said": words.sentence(self.programme, event, by, language) if event else "",
            "own": all(move["body"] == contact.body for move in moves),
            "moves": [
                move
                | {
                    "title": language.text_of(self.programme, move["title"]),
                    "function": words.function_name(self.programme, move["function"], language),
                    "body": words.name_of(self.programme, move["body"], language),
                    "was": _day(move["was"], language),
                    "day": _day(move["day"], language),
                }
                for move in moves
            ],
            "link": self.links.page(f"obligations?body={contact.body}"),
        }

    def _about_extension(
        self, session: Session, mail: Mail, contact: Contact, now: datetime
    ) -> dict[str, Any]:
        facts = self._about_obligation(session, mail, contact, now)
        language = language_of(contact.language)
        obligation: Obligation = facts["obligation"]
        asked = mail.context["answer"] == "asked"
        return facts | {
            "promised_on": language.day(obligation.promised_on),
            "due_on": language.day(obligation.due_on),
            "wanted_on": _day(mail.context["wanted"], language),
            "link": self.links.page(f"obligations/{obligation.id}") if asked else facts["link"],
        }

    def _about_gaps(
        self, session: Session, mail: Mail, contact: Contact, _now: datetime
    ) -> dict[str, Any]:
        language = language_of(contact.language)
        found = []
        for gap in mail.context["gaps"]:
            obligation = session.get(Obligation, gap["obligation"])
            function, cycle, _ = gap["obligation"].split("/", 2)
            found.append(
                gap
                | {
                    "title": language.text_of(
                        self.programme, obligation.title if obligation else ""
                    ),
                    "function": words.function_name(self.programme, function, language),
                    "cycle": cycle,
                    "body": words.name_of(self.programme, gap["body"], language),
                    "at": in_words(contact.zone, language)(datetime.fromisoformat(gap["at"])),
                }
            )
        return {"gaps": found, "link": self.links.page("obligations")}

    def _about_ended(
        self, _session: Session, mail: Mail, contact: Contact, _now: datetime
    ) -> dict[str, Any]:
        language = language_of(contact.language)
        return {
            "body": words.name_of(self.programme, mail.context["body"], language),
            "holdings": [
                words.title_of(self.programme, Event("holding.custody-taken", key, {}), language)
                for key in mail.context["holdings"]
            ],
            "link": self.links.page(""),
        }

    def _about_digest(
        self, session: Session, mail: Mail, contact: Contact, now: datetime
    ) -> dict[str, Any]:
        parts = [session.get_one(Mail, key) for key in mail.context["mails"]]
        language = language_of(contact.language)
        items, days = [], []
        for part in still_needed(session, parts):
            facts = self._words(session, part, contact, now) | {"stands_in_for": "", "stop": ""}

            def block(name: str, part: Mail = part, facts: dict[str, Any] = facts) -> str:
                template, _, block = name.partition(":")
                file = f"{part.template}.{template}"
                return self.templates.block(file, block, language, facts)

            days += facts["appointments"]
            items.append(
                {
                    "subject": " ".join(block("txt:subject").split()),
                    "text": block("txt:words").strip(),
                    "ask": block("txt:ask").strip(),
                    "html": Markup(block("html:words")),  # noqa: S704  escaped where it was made
                    "button": block("html:button"),
                    "link": facts["link"],
                }
            )
        return {"items": items, "appointments": days, "link": self.links.page("")}

    def _about_week(
        self, session: Session, _mail: Mail, contact: Contact, now: datetime
    ) -> dict[str, Any]:
        language = language_of(contact.language)
        found = week.week(session, self.programme, now)
        return {
            "week": found,
            "happened": [
                words.sentence(self.programme, event, by, language) for event, by in found.moved
            ],
            "anchor_words": lambda anchor: words.anchor_name(anchor, language),
            "transferred_words": lambda transferred: language.gettext(str(transferred)),
            "body_name": lambda body: words.name_of(self.programme, body, language),
            "function_name": lambda slug: words.function_name(self.programme, slug, language),
            "link": self.links.page(""),
        }

    def _about_meeting(
        self, _session: Session, mail: Mail, contact: Contact, _now: datetime
    ) -> dict[str, Any]:
        language = language_of(contact.language)
        anchor, was = mail.context["anchor"], mail.context["was"]
        return {
            "host": words.member_name(self.programme, mail.context["host"], language),
            "when": words.anchor_name(Anchor.model_validate(anchor), language),
            "was_when": words.anchor_name(Anchor.model_validate(was), language) if was else "",
            "firm": not Anchor.model_validate(anchor).tentative,
            "link": self.links.page(""),
        }

    def _about_undelivered(
        self, _session: Session, mail: Mail, contact: Contact, _now: datetime
    ) -> dict[str, Any]:
        language = language_of(contact.language)
        mails = [
            lost | {"name": self._name_of(lost["to"], language)} for lost in mail.context["mails"]
        ]
        return {"mails": mails, "link": self.links.page("")}

    def _name_of(self, slug: str, language: Language) -> str:
        contact = self.programme.contact(slug)
        return self._name(contact, language) if contact else slug

    def _about_links(
        self, session: Session, mail: Mail, contact: Contact, now: datetime
    ) -> dict[str, Any]:
        """New links in place of old ones, for what is still open."""
        language = language_of(contact.language)
        kinds = {"obligation": "obligation.asked", "offer": "holding.offered"}
        items = [
            {
                "title": words.title_of(
                    self.programme, Event(kinds.get(purpose, "review.asked"), subject, {}), language
                ),
                "link": self._link(session, purpose, subject, contact, now),
            }
            for purpose, subject in mail.context["items"]
            if is_open(session, purpose, subject, contact.body)
        ]
        return {"items": items, "link": self.links.page("")}

    def _link(
        self, session: Session, purpose: str, subject: str, contact: Contact, now: datetime
    ) -> str:
        until = runs_out(session, purpose, subject, now)
        return self.links.mint(session, purpose, subject, contact.slug, until, now)

    def _about_unreachable(
        self, _session: Session, mail: Mail, contact: Contact, _now: datetime
    ) -> dict[str, Any]:
        return {
            "post_name": self._name_of(mail.context["post"], language_of(contact.language)),
            "link": self.links.page(""),
        }

    def _about_reply(
        self, session: Session, mail: Mail, contact: Contact, now: datetime
    ) -> dict[str, Any]:
        language = language_of(contact.language)
        reply = session.get_one(Reply, mail.context["reply"])
        who = self._name_of(reply.contact, language) if reply.contact else ""
        obligation = session.get(Obligation, reply.obligation) if reply.obligation else None
        if obligation is None:
            return {"who": who, "thing": reply.holding, "link": self.links.page("")}
        link = self._link(session, "obligation", obligation.id, contact, now)
        title = language.text_of(self.programme, obligation.title)
        return {"who": who, "thing": title, "link": link}

    def _name(self, contact: Contact, language: Language) -> str:
        return words.post_name(self.programme, contact, language)


def _day(day: str | None, language: Language) -> str | None:
    return language.day(date.fromisoformat(day)) if day else None


def composer(settings: Settings, programme: Programme) -> Composer:
    """Who writes this installation's mails."""
    links = Links(partial(kept_keys, settings.link_keys), settings.board_url)
    vouching = signer(settings.dkim_key, settings.dkim_selector, settings.mail_from)
    own = Overrides.beside(settings.programme, programme)
    return Composer(programme, links, settings.mail_from, vouching, own, returns_of(settings))
