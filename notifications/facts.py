"""What does a mail tell its reader? The facts that its template puts into words."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from markupsafe import Markup
from sqlalchemy import bindparam
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, select

from notifications.appointments import appointments
from notifications.links import SIGN_IN_MAILED, Links, is_open, runs_out
from notifications.overrides import Overrides
from notifications.overtaken import still_needed
from schemas.anchor import Anchor
from schemas.events import Event
from schemas.meeting_tables import Document, Silence
from schemas.programme import Contact, Programme
from schemas.return_acts import Given
from schemas.return_tables import FigureReturn
from schemas.tables import Holding, Mail, Obligation, Reply
from secretariat import ladder, ledger, week, words
from secretariat.commands import reminders
from secretariat.commands.office import Desk
from secretariat.commands.posts import Holder
from secretariat.commands.reach import ACCOUNT_NEWS, TEST, TO_SIGN_IN
from secretariat.commands.turns import turn
from secretariat.errors import UnknownError
from secretariat.given import name_of as figure_name
from secretariat.given import said
from secretariat.languages import Language, language_of
from secretariat.moments import in_words
from secretariat.ownership import ENGINE
from secretariat.returns import answered_by_figures

Known = dict[str, Any]
_OBLIGATION = select(Obligation).where(col(Obligation.id) == bindparam("id"))


@dataclass(frozen=True)
class Facts:
    """All that mails tell one reader at one moment, in the reader's language and zone."""

    session: Session
    programme: Programme
    links: Links
    templates: Overrides
    contact: Contact
    person: Holder | None
    now: datetime

    @property
    def language(self) -> Language:
        return language_of(self.contact.language)

    def of(self, mail: Mail) -> Known:
        """What the mail's template may name, and the ``appointments`` that come with it.

        Raises UnknownError: what it is about is gone.
        """
        about = {
            "obligation": self._about_obligation,
            "holding": self._about_holding,
            "support": self._about_support,
            "turn": self._about_turn,
            "ended": self._about_ended,
            "digest": self._about_digest,
            "weekly": self._about_week,
            "undelivered": self._about_undelivered,
            "links": self._about_links,
            TO_SIGN_IN: self._about_signing_in,
            ACCOUNT_NEWS: self._about_account,
            TEST: lambda _: {"link": self.links.page("")},
            "unreachable": self._about_unreachable,
            "reply": self._about_reply,
            "moved": self._about_moved,
            "extension": self._about_extension,
            "meeting": self._about_meeting,
            "statement": self._about_statement,
            "gap": self._about_gaps,
            "upkeep": lambda _: {"link": self.links.page("")},
            "return": self._about_return,
        }[mail.template]
        common = {
            "programme": self.programme,
            "post": self.post_name(self.contact.slug),
            "contact_body": self._body(self.contact.body),
            "local": in_words(self.contact.zone, self.language),
            "now": self.now,
            "head": str(ledger.head(self.session)),
        }
        facts = mail.context | common | about(mail)
        return {"appointments": appointments(self.session, mail, self.contact, facts)} | facts

    def link(self, purpose: str, subject: str) -> str:
        """A new link by which the reader may answer."""
        until = runs_out(self.session, purpose, subject, self.now)
        contact = self.contact.slug
        return self.links.made(
            self.session, purpose, subject, contact, self.person, until, self.now
        )

    def _about_obligation(self, mail: Mail) -> Known:
        obligation = self.session.exec(_OBLIGATION, params={"id": mail.obligation}).first()
        if obligation is None:
            raise UnknownError(f"There is no obligation “{mail.obligation}” any more.")
        desk = Desk(self.session, self.programme, self.now, ENGINE)
        free = reminders.not_worked(desk, obligation)
        return {
            "obligation": obligation,
            "title": words.step_title(self.programme, obligation.title, self.language),
            "evidence": self._evidence(obligation),
            "function": self._function(obligation.function),
            "cycle": obligation.cycle.partition("/")[2],
            "body": self._body(obligation.body),
            "own": self.contact.body == obligation.body,
            "late_days": ladder.days_late(obligation.do_by, self.now),
            "not_worked": free and self.language.day(free),
            "link": self.link("obligation", obligation.id),
            "correction": self._correction(obligation),
        }

    def _correction(self, obligation: Obligation) -> str:
        """Why its figures were sent back, if they were."""
        if not answered_by_figures(self.programme, obligation.function, obligation.milestone):
            return ""
        kept = self.session.get(FigureReturn, obligation.id)
        return kept.correction if kept and kept.state == "correction" else ""

    def _about_return(self, mail: Mail) -> Known:
        facts = self._about_obligation(mail)
        given = [Given.model_validate(one) for one in mail.context["figures"]]
        own = mail.context["answer"] != "to-verify"
        return facts | {
            "received_at": datetime.fromisoformat(mail.context["received_at"]),
            "figures": [
                {
                    "name": figure_name(self.programme, one.indicator, one.about, self.language),
                    "said": said(one, self.language),
                    "note": one.note,
                }
                for one in given
            ],
            "link": facts["link"] if own else self.links.page(f"obligations/{mail.obligation}"),
        }

    def _evidence(self, obligation: Obligation) -> str:
        """What shows that it is done, as the programme has it today."""
        function = self.programme.function(obligation.function)
        milestone = function.milestone(obligation.milestone) if function else None
        return self.language.text_of(self.programme, milestone.evidence) if milestone else ""

    def _about_holding(self, mail: Mail) -> Known:
        holding = self.session.get(Holding, mail.holding)
        if holding is None:
            raise UnknownError(f"There is no holding “{mail.holding}” any more.")
        kind = mail.context["kind"]
        said = Event(kind, holding.id, mail.context["facts"])
        purpose = {"holding.offered": "offer", "review.asked": "review"}.get(kind)
        return {
            "heading": words.title_of(self.programme, said, self.language),
            "said": words.sentence(self.programme, said, mail.context["by"], self.language),
            "holding": holding,
            "phase": words.phase_name(holding.phase, self.language),
            "offered_phase": words.phase_name(
                holding.offered_phase or holding.phase, self.language
            ),
            "owner": self._body(holding.owner),
            "to_answer": purpose is not None,
            "link": self.link(purpose, holding.id)
            if purpose
            else self.links.page(f"holdings/{holding.id}"),
        }

    def _about_support(self, mail: Mail) -> Known:
        slug = mail.context["function"]
        return {
            "function": self._function(slug),
            "body": self._body(mail.context["body"]),
            "why": words.why_support(self.programme, mail.context, self.language),
            "link": self.links.page(f"functions/{slug}"),
        }

    def _about_turn(self, mail: Mail) -> Known:
        event = Event(mail.context["event"], mail.context["som"], mail.context)
        offered = event.kind == "chair.swap-offered"
        asked = self.programme.task_force(mail.context["other"]) if offered else ""
        following = turn(self.session, self.programme, mail.context["som"])
        member = following.member if following else None
        return {
            "said": words.sentence(self.programme, event, ENGINE, self.language),
            "offered": self.contact.body == asked,
            "next": words.member_name(self.programme, member, self.language) if member else "",
            "link": self.links.page("chair"),
        }

    def _about_moved(self, mail: Mail) -> Known:
        why, moves = mail.context["why"], mail.context["moves"]
        event = Event(why["kind"], why["subject"], why["data"]) if why else None
        by, cycles = mail.context["by"], sorted({move["cycle"] for move in moves})
        return {
            "about": event.subject if event else ", ".join(cycles),
            "said": words.sentence(self.programme, event, by, self.language) if event else "",
            "own": all(move["body"] == self.contact.body for move in moves),
            "moves": [
                move
                | {
                    "title": words.step_title(self.programme, move["title"], self.language),
                    "function": self._function(move["function"]),
                    "body": self._body(move["body"]),
                    "was": self._day(move["was"]),
                    "day": self._day(move["day"]),
                }
                for move in moves
            ],
            "link": self.links.page(f"obligations?body={self.contact.body}"),
        }

    def _about_extension(self, mail: Mail) -> Known:
        facts = self._about_obligation(mail)
        obligation: Obligation = facts["obligation"]
        asked = mail.context["answer"] == "asked"
        return facts | {
            "promised_on": self.language.day(obligation.promised_on),
            "due_on": self.language.day(obligation.due_on),
            "wanted_on": self._day(mail.context["wanted"]),
            "link": self.links.page(f"obligations/{obligation.id}") if asked else facts["link"],
        }

    def _about_gaps(self, mail: Mail) -> Known:
        found = []
        for gap in mail.context["gaps"]:
            obligation = self.session.get(Obligation, gap["obligation"])
            function, cycle, _ = gap["obligation"].split("/", 2)
            found.append(
                gap
                | {
                    "title": words.step_title(
                        self.programme, obligation.title if obligation else "", self.language
                    ),
                    "function": self._function(function),
                    "cycle": cycle,
                    "body": self._body(gap["body"]),
                    "at": in_words(self.contact.zone, self.language)(
                        datetime.fromisoformat(gap["at"])
                    ),
                }
            )
        return {"gaps": found, "link": self.links.page("obligations")}

    def _about_ended(self, mail: Mail) -> Known:
        return {
            "body": self._body(mail.context["body"]),
            "holdings": [
                words.title_of(
                    self.programme, Event("holding.custody-taken", key, {}), self.language
                )
                for key in mail.context["holdings"]
            ],
            "link": self.links.page(""),
        }

    def _about_digest(self, mail: Mail) -> Known:
        parts = [self.session.get_one(Mail, key) for key in mail.context["mails"]]
        items, days = [], []
        for part in still_needed(self.session, parts):
            try:
                item = self._part(part)
            except OperationalError:
                raise
            except Exception as error:  # the others leave without it
                part.state, part.bundle = "held", None
                part.reply = f"cannot be written: {error}"
                continue
            items.append(item)
            days += item["appointments"]
        if not items:
            raise UnknownError("Nothing of what it was to say can be written.")
        return {"items": items, "appointments": days, "link": self.links.page("")}

    def _part(self, mail: Mail) -> Known:
        """What a digest takes from one mail."""
        facts = self.of(mail) | {"stands_in_for": "", "stop": ""}

        def block(kind: str, name: str) -> str:
            return self.templates.block(f"{mail.template}.{kind}", name, self.language, facts)

        return {
            "subject": " ".join(block("txt", "subject").split()),
            "text": block("txt", "words").strip(),
            "ask": block("txt", "ask").strip(),
            "html": Markup(block("html", "words")),  # noqa: S704  escaped where it was made
            "button": block("html", "button"),
            "link": facts["link"],
            "appointments": facts["appointments"],
        }

    def _about_week(self, _mail: Mail) -> Known:
        found = week.week(self.session, self.programme, self.now)
        return {
            "week": found,
            "happened": [
                words.sentence(self.programme, event, by, self.language)
                for event, by in found.moved
            ],
            "anchor_words": lambda anchor: words.anchor_name(anchor, self.language),
            "transferred_words": lambda transferred: self.language.gettext(str(transferred)),
            "body_name": self._body,
            "function_name": self._function,
            "link": self.links.page(""),
        }

    def _about_meeting(self, mail: Mail) -> Known:
        anchor, was = mail.context["anchor"], mail.context["was"]
        return {
            "host": words.member_name(self.programme, mail.context["host"], self.language),
            "when": words.anchor_name(Anchor.model_validate(anchor), self.language),
            "was_when": words.anchor_name(Anchor.model_validate(was), self.language) if was else "",
            "firm": not Anchor.model_validate(anchor).tentative,
            "venue": mail.context.get("venue", ""),
            "link": self.links.page(f"meetings/{mail.context['som']}"),
        }

    def _about_statement(self, mail: Mail) -> Known:
        silence = self.session.get_one(Silence, mail.context["silence"])
        draft = self.session.get_one(Document, silence.document)
        to_answer = mail.context["kind"] == "circulated" and is_open(
            self.session, "silence", silence.id, self.contact.body
        )
        return {
            "som": silence.som,
            "draft": draft.name,
            "version": draft.version,
            "digest": draft.sha256,
            "until": self.language.day(silence.until),
            "to_answer": to_answer,
            "objector": self._body(mail.context.get("body", "")),
            "reason": mail.context.get("reason", ""),
            "link": self.link("silence", silence.id)
            if to_answer
            else self.links.page(f"meetings/{silence.som}"),
        }

    def _about_undelivered(self, mail: Mail) -> Known:
        mails = [lost | {"name": self.post_name(lost["to"])} for lost in mail.context["mails"]]
        return {"mails": mails, "link": self.links.page("")}

    def _about_links(self, mail: Mail) -> Known:
        """New links in place of old ones, for what is still open."""
        items = [
            {
                "title": self._link_title(purpose, subject),
                "link": self.link(purpose, subject),
            }
            for purpose, subject in mail.context["items"]
            if is_open(self.session, purpose, subject, self.contact.body)
        ]
        return {"items": items, "link": self.links.page("")}

    def _about_signing_in(self, mail: Mail) -> Known:
        """Its link runs out by real time, however the clock of a demo is moved."""
        until = datetime.fromisoformat(mail.context["until"])
        contact = self.contact.slug
        link = self.links.made(
            self.session, SIGN_IN_MAILED, contact, contact, self.person, until, self.now
        )
        return {"link": link, "until": until}

    def _about_account(self, mail: Mail) -> Known:
        """Without a link; whom to ask is who can shut an account, else the secretariat."""
        ask = next(iter(self.programme.operators()), self.programme.secretariat)
        return {
            "at": datetime.fromisoformat(mail.context["at"]),
            "ask": self._body(ask),
            "link": "",
        }

    def _link_title(self, purpose: str, subject: str) -> str:
        """What a link is about, for who gets a new one."""
        if purpose == "silence":
            som = subject.partition("/")[0]
            return self.language.phrase("Draft joint statement of {som}", som=som)
        kinds = {"obligation": "obligation.asked", "offer": "holding.offered"}
        about = Event(kinds.get(purpose, "review.asked"), subject, {})
        return words.title_of(self.programme, about, self.language)

    def _about_unreachable(self, mail: Mail) -> Known:
        return {
            "post_name": self.post_name(mail.context["post"]),
            "link": self.links.page(""),
        }

    def _about_reply(self, mail: Mail) -> Known:
        reply = self.session.get_one(Reply, mail.context["reply"])
        who = self.post_name(reply.contact) if reply.contact else ""
        obligation = self.session.get(Obligation, reply.obligation) if reply.obligation else None
        if obligation is None:
            return {"who": who, "thing": reply.holding, "link": self.links.page("")}
        link = self.link("obligation", obligation.id)
        title = words.step_title(self.programme, obligation.title, self.language)
        return {"who": who, "thing": title, "link": link}

    def post_name(self, slug: str) -> str:
        contact = self.programme.contact(slug)
        return words.post_name(self.programme, contact, self.language) if contact else slug

    def _body(self, slug: str) -> str:
        return words.name_of(self.programme, slug, self.language)

    def _function(self, slug: str) -> str:
        return words.function_name(self.programme, slug, self.language)

    def _day(self, day: str | None) -> str | None:
        return self.language.day(date.fromisoformat(day)) if day else None
