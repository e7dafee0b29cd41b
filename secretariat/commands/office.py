"""Where acts are handed in: who may, what follows, and all of it kept or none of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from sqlmodel import Session, col, select

from schemas.acts import Act
from schemas.events import Event
from schemas.programme import Contact, Function, Programme
from schemas.tables import Entry, Mail, Term
from secretariat import ledger, readmodels
from secretariat.calendars import WorkCalendar
from secretariat.clock import Clock
from secretariat.errors import NotAllowedError, UnknownError
from secretariat.store import Store

ENGINE = "engine"  # the program itself: its flows and its clock


@dataclass
class Desk:
    """What one act works with while it is decided: the store's state, the time, who asks."""

    session: Session
    programme: Programme
    now: datetime
    by: str
    contact: str | None = None
    events: list[Event] = field(default_factory=list)

    def record(self, kind: str, subject: str, **data: Any) -> Event:
        """Note a fact; what is decided next already sees it."""
        event = Event(kind, subject, data)
        readmodels.project(self.session, event, self.now)
        self.session.flush()
        self.events.append(event)
        return event

    def mail(self, idem_key: str, contact: Contact, template: str, **context: Any) -> None:
        """Ask for one mail, in the contact's next office hours; the same key asks once."""
        if self.session.exec(select(Mail.id).where(Mail.idem_key == idem_key)).first():
            return
        obligation = context.get("obligation")
        opens = self.calendar(contact.body).office_hour(self.now)
        self.session.add(
            Mail(
                idem_key=idem_key,
                asked_at=self.now,
                not_before=opens,
                contact=contact.slug,
                template=template,
                obligation=obligation,
                context=context,
            )
        )

    def function(self, slug: str) -> Function:
        """Raises UnknownError, naming the functions there are."""
        function = self.programme.function(slug)
        if function is None:
            known = ", ".join(function.slug for function in self.programme.functions)
            raise UnknownError(f"There is no function “{slug}”. The functions are: {known}.")
        return function

    def term(self) -> Term | None:
        """The term in office now."""
        return in_office(self.session)

    def calendar(self, body: str) -> WorkCalendar:
        """The working days of a body; the chair's office works where the chair is."""
        found = self.programme.body(body)
        code = found.member if found else None
        if body == self.programme.chair and (term := self.term()):
            code = term.member
        member = self.programme.member(code) if code else None
        calendar = member.calendar if member else self.programme.calendar
        zone = member.zone if member else self.programme.zone
        return WorkCalendar.of(calendar, zone)

    def contacts(self, body: str, role: str) -> list[Contact]:
        """Who is to be written to now; an empty chair is answered for by the secretariat."""
        if role in ("chair", "secretariat"):
            body, role = getattr(self.programme, role), "head"
        term = self.term()
        member = term.member if term else None
        found = [
            contact
            for contact in self.programme.contacts
            if contact.body == body
            and contact.role == role
            and (body != self.programme.chair or contact.member == member)
        ]
        return found or self.contacts(self.programme.secretariat, "secretariat")


def in_office(session: Session) -> Term | None:
    """The term whose member holds the chair now."""
    query = select(Term).where(col(Term.took_office_at).is_not(None), col(Term.left_at).is_(None))
    return session.exec(query).first()


A = TypeVar("A", bound=Act)
_HANDLERS: dict[type[Act], Callable[[Desk, Any], None]] = {}
_MAY: dict[type[Act], frozenset[str] | None] = {}


def handles(act: type[A], *, may: str | None = None) -> Callable[..., Callable[[Desk, A], None]]:
    """Register the handler of an act and the kinds of bodies that may ask for it.

    ``may=None`` leaves that to the handler's own table.
    """

    def register(handler: Callable[[Desk, A], None]) -> Callable[[Desk, A], None]:
        _HANDLERS[act] = handler
        _MAY[act] = frozenset(may.split()) if may else None
        return handler

    return register


@dataclass(frozen=True)
class Office:
    """A store, a programme and a clock: all that acts need."""

    store: Store
    programme: Programme
    clock: Clock

    def do(
        self, act: Act, *, by: str, key: str | None = None, contact: str | None = None
    ) -> list[Event]:
        """Carry out one act of the body ``by``; what follows is committed as a whole.

        ``key`` makes it idempotent: an act whose key is in the ledger changes nothing.
        Raises NotAllowedError, UnknownError, ConflictError, BadInputError; then nothing is changed.
        """
        with self.store.write() as session:
            if key and session.exec(select(Entry.seq).where(Entry.key == key)).first():
                return []
            desk = Desk(session, self.programme, self.clock.now(), by, contact)
            self._check(act, by)
            _HANDLERS[type(act)](desk, act)
            ledger.append(session, desk.events, at=desk.now, by=by, key=key)
            return desk.events

    def _check(self, act: Act, by: str) -> None:
        body = self.programme.body(by)
        if body is None and by != ENGINE:
            raise UnknownError(f"There is no body “{by}” in {self.programme.name}.")
        kind = body.kind if body else ENGINE
        may = _MAY[type(act)]
        if may is not None and kind not in may:
            name = type(act).model_fields["act"].default
            raise NotAllowedError(
                f"“{name}” is for the {' or the '.join(sorted(may - {ENGINE}))}; not for {by}."
            )
