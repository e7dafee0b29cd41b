"""Where acts are handed in: who may, what follows, and all of it kept or none of it."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, TypeVar

from sqlalchemy import bindparam
from sqlmodel import Session, col, delete, select

from schemas.act import Act
from schemas.acts import Letter, Told
from schemas.events import Event
from schemas.programme import Contact, Function, Member, Programme
from schemas.tables import Ending, Entry, Mail, Term, Timer, Urgency
from secretariat import calendars, ledger, readmodels
from secretariat.calendars import WorkCalendar
from secretariat.catalogues import marked
from secretariat.clock import Clock
from secretariat.errors import NotAllowedError, OneOf, UnknownError
from secretariat.moments import moment_of
from secretariat.ownership import ENGINE, Bodies
from secretariat.replaying import Replays, as_of
from secretariat.rows import add_row
from secretariat.store import Store

# Asked again and again, so made once.
_ASKED_FOR = select(Mail.id).where(Mail.idem_key == bindparam("key"))
_KEYED = select(Entry.seq).where(Entry.key == bindparam("key"))
_ENDED = select(Ending.body).where(col(Ending.ended_at).is_not(None))
_IN_OFFICE = select(Term).where(col(Term.took_office_at).is_not(None), col(Term.left_at).is_(None))
_TIMERS = delete(Timer).where(
    col(Timer.subject) == bindparam("about"), col(Timer.kind).in_(bindparam("of", expanding=True))
)
_TIMER = _TIMERS.where(col(Timer.step) == bindparam("at_step"))


@dataclass
class Desk:
    """What one act works with while it is decided: the store's state, the time, who asks."""

    session: Session
    programme: Programme
    now: datetime
    by: str
    contact: str | None = None
    events: list[Event] = field(default_factory=list)
    _asked_for: set[str] = field(default_factory=set, repr=False)
    _before: dict[str, set[str]] = field(default_factory=dict, repr=False)

    def record(self, kind: str, subject: str, **data: Any) -> Event:
        """Note a fact; what is decided next already sees it."""
        event = Event(kind, subject, data)
        if readmodels.project(self.session, event, self.now):
            self.session.flush()
        if kind.startswith(("body.", "chair.")):
            self.__dict__.pop("bodies", None)
            self.__dict__.pop("_in_office", None)
        self.events.append(event)
        return event

    def mail(
        self,
        idem_key: str,
        contact: Contact,
        template: str,
        *,
        urgency: Urgency = Urgency.NEWS,
        expires_at: datetime | None = None,
        role: str | None = None,
        **context: Any,
    ) -> bool:
        """Ask for one mail, in the contact's next office hours; False: it was asked for before.

        News waits a little for more that can go with it, and only what somebody waits for at this
        moment leaves at any hour. ``role`` is what the contact answers as,
        where the mail is for whoever does.
        """
        if self._was_asked_for(idem_key, context.get("obligation")):
            return False
        pause = self.programme.digest.within if urgency is Urgency.NEWS else 0
        leaves = self.now + timedelta(minutes=pause)
        if urgency is not Urgency.AT_ONCE:
            leaves = calendars.of_reader(self.programme, contact).office_hour(leaves)
        add_row(
            self.session,
            Mail,
            idem_key=idem_key,
            asked_at=self.now,
            not_before=leaves,
            expires_at=expires_at,
            urgency=urgency,
            contact=contact.slug,
            role=role,
            template=template,
            obligation=context.get("obligation"),
            holding=context.get("holding"),
            context=context,
        )
        self._asked_for.add(idem_key)
        return True

    @property
    def mails(self) -> Sequence[Mail]:
        """What was asked for here and is still to be sent."""
        asked = select(Mail).where(col(Mail.idem_key).in_(self._asked_for))
        return self.session.exec(asked.order_by(col(Mail.id))).all()

    def read_ahead(self, obligations: Collection[str]) -> None:
        """Look up once what was asked for about obligations, rather than for each mail."""
        self._before = {obligation: set() for obligation in obligations}
        asked = select(Mail.obligation, Mail.idem_key).where(col(Mail.obligation).in_(obligations))
        for obligation, key in self.session.exec(asked):
            self._before[obligation or ""].add(key)

    def _was_asked_for(self, idem_key: str, obligation: str | None) -> bool:
        """Looked up without the mails of this desk, which are thus written all at once."""
        if idem_key in self._asked_for:
            return True
        if obligation in self._before:
            return idem_key in self._before[obligation]
        found = self.session.connection().execute(_ASKED_FOR, {"key": idem_key}).first()
        return found is not None

    def suppress(self, mail: Mail, why: str) -> None:
        """End a mail that has not left; the same may be asked for again."""
        for known in (self._asked_for, self._before.get(mail.obligation or "", set())):
            known.discard(mail.idem_key)
        mail.idem_key = f"{mail.idem_key}~{mail.id}"
        mail.state, mail.reply, mail.ended_at = "suppressed", why, self.now
        self.session.flush()

    def set_timer(
        self, kind: str, subject: str, due_at: datetime, step: int = 0, *, turn: int = 0
    ) -> None:
        """Let something happen to the subject by itself, in place of an earlier time for it."""
        self.stop_timer(kind, subject, step)
        self.add_timer(kind, subject, due_at, step, turn=turn)

    def add_timer(
        self, kind: str, subject: str, due_at: datetime, step: int = 0, *, turn: int = 0
    ) -> None:
        """As ``set_timer``, for a subject that has none of the kind and step."""
        row = {"kind": kind, "subject": subject, "step": step, "turn": turn, "due_at": due_at}
        add_row(self.session, Timer, **row)

    def stop_timer(self, kind: str, subject: str, step: int) -> None:
        """As ``stop_timers``, for one of several steps."""
        self.session.flush()
        chosen = {"about": subject, "of": [kind], "at_step": step}
        self.session.connection().execute(_TIMER, chosen)

    def stop_timers(self, subject: str, *kinds: str) -> None:
        """Let nothing of these kinds happen to the subject by itself."""
        self.session.flush()  # one that was set a moment ago is to be found as well
        self.session.connection().execute(_TIMERS, {"about": subject, "of": kinds})

    @cached_property
    def bodies(self) -> Bodies:
        """Who there is now; read again after an event about a body."""
        return bodies_of(self.session, self.programme)

    @cached_property
    def _in_office(self) -> Term | None:
        return in_office(self.session)

    def version_of(self, subject: str, version: int) -> dict[str, Any]:
        """What made the subject the version it is, or was."""
        query = select(Entry).where(Entry.subject == subject).order_by(col(Entry.seq))
        entry = self.session.exec(query.offset(version - 1).limit(1)).first()
        if entry is None:
            return {"version": version}
        return {"version": version, "event": entry.kind, "by": entry.by, "at": entry.at.isoformat()}

    def function(self, slug: str) -> Function:
        """Raises UnknownError, naming the functions there are."""
        function = self.programme.function(slug)
        if function is None:
            known = ", ".join(function.slug for function in self.programme.functions)
            raise UnknownError(
                marked("There is no function “{slug}”. The functions are: {known}."),
                slug=slug,
                known=known,
            )
        return function

    def member(self, code: str) -> Member:
        """Raises UnknownError, naming the members there are."""
        member = self.programme.member(code)
        if member is None:
            known = ", ".join(f"{m.code} ({m.name})" for m in self.programme.members)
            raise UnknownError(
                marked("“{code}” is no member of {name}. Members are {known}."),
                code=code,
                name=self.programme.name,
                known=known,
            )
        return member

    def term(self) -> Term | None:
        """The term in office now; read again after an event about the chair."""
        return self._in_office

    def calendar(self, body: str) -> WorkCalendar:
        """The working days of a body; the chair's office works where the chair is."""
        found = self.programme.body(body)
        code = found.member if found else None
        if body == self.programme.chair and (term := self.term()):
            code = term.member
        return calendars.of_member(self.programme, code)

    def contacts(self, body: str, role: str) -> list[Contact]:
        """Who is to be written to now.

        The secretariat answers for an empty chair, the steward for a body that has ended.
        """
        if role in ("chair", "secretariat"):
            body, role = getattr(self.programme, role), "head"
        bodies = self.bodies
        if body in bodies.ended:
            body, role = bodies.steward, "head"
        return self._answering(body, role) or self._answering(self.programme.secretariat, "head")

    def _answering(self, body: str, role: str) -> list[Contact]:
        term = self.term()
        member = term.member if term else None
        return [
            contact
            for contact in self.programme.contacts
            if contact.body == body
            and contact.role == role
            and (body != self.programme.chair or contact.member == member)
        ]


def bodies_of(session: Session, programme: Programme) -> Bodies:
    """Who there is now; once the secretariat has ended, the chair's office is the steward."""
    ended = frozenset(session.connection().execute(_ENDED).scalars())
    steward = programme.chair if programme.secretariat in ended else programme.secretariat
    return Bodies(steward, frozenset({*programme.task_forces(), programme.chair}), ended)


def in_office(session: Session) -> Term | None:
    """The term whose member holds the chair now."""
    return session.exec(_IN_OFFICE).first()


A = TypeVar("A", bound=Act)
Seen = TypeVar("Seen")
Firing = Callable[[Desk, Timer], None]
FIRINGS: dict[str, Firing] = {}
_HANDLERS: dict[type[Act], Callable[[Desk, Any], None]] = {}
_MAY: dict[type[Act], frozenset[str] | None] = {}
_KINDS = {
    "secretariat": marked("the secretariat"),
    "chair": marked("the chair"),
    "task-force": marked("a task force"),
    "operator": marked("the operator"),
}


def handles(act: type[A], *, may: str | None = None) -> Callable[..., Callable[[Desk, A], None]]:
    """Register the handler of an act and the kinds of bodies that may ask for it.

    ``may=None`` leaves that to the handler's own table.
    """

    def register(handler: Callable[[Desk, A], None]) -> Callable[[Desk, A], None]:
        _HANDLERS[act] = handler
        _MAY[act] = frozenset(may.split()) if may else None
        return handler

    return register


def fires(kind: str) -> Callable[[Firing], Firing]:
    """Register what happens when a timer of a kind is due."""

    def register(firing: Firing) -> Firing:
        FIRINGS[kind] = firing
        return firing

    return register


@dataclass(frozen=True)
class Office:
    """A store, a programme and a clock: all that acts need."""

    store: Store
    programme: Programme
    clock: Clock
    replays: Replays = field(default_factory=Replays)

    @property
    def steward(self) -> str:
        """The body that does the secretariat's part now."""
        with self.store.read() as session:
            return bodies_of(session, self.programme).steward

    def as_of(self, at: str | None) -> tuple[Store, datetime]:
        """The store at a past day, taken whole, or instant, with that moment; else as it is now.

        What lies ahead is not known, so it is now. Raises BadInputError: no moment in ``at``.
        """
        now = self.clock.now()
        moment = moment_of(at, self.programme.zone, now) if at else now
        if moment >= now:
            return self.store, moment
        return as_of(self.store, moment, self.replays), moment

    def do(
        self,
        act: Act,
        *,
        by: str,
        key: str | None = None,
        contact: str | None = None,
        letter: Letter | None = None,
        told: Told | None = None,
    ) -> list[Event]:
        """Carry out one act of the body ``by``; what follows is committed as a whole.

        ``key`` makes it idempotent: an act whose key is in the ledger changes nothing. ``letter``
        is the document by which ``by`` lets another body act for it.
        ``told`` is where an act of the past is told; the ledger keeps it with what happened.
        Raises NotAllowedError, UnknownError, ConflictError, BadInputError; then nothing is changed.
        """
        with self.store.write() as session:
            if key and session.connection().execute(_KEYED, {"key": key}).first():
                return []
            return self._carry_out(session, act, by, key, contact, letter, told).events

    def preview(
        self,
        act: Act,
        *,
        by: str,
        look: Callable[[Desk], Seen],
        contact: str | None = None,
        letter: Letter | None = None,
    ) -> Seen:
        """What ``look`` sees on the desk after an act that is then taken back as if never done.

        Raises what ``do`` raises.
        """
        with self.store.write() as session:
            desk = self._carry_out(session, act, by, None, contact, letter)
            session.flush()
            seen = look(desk)
            session.rollback()
            return seen

    def _carry_out(
        self,
        session: Session,
        act: Act,
        by: str,
        key: str | None,
        contact: str | None,
        letter: Letter | None,
        told: Told | None = None,
    ) -> Desk:
        desk = Desk(session, self.programme, self.clock.now(), by, contact)
        self._check(desk, act, by)
        if letter:
            self._check_letter(desk, letter)
        _HANDLERS[type(act)](desk, act)
        filed: dict[str, Any] = {"letter": letter.model_dump()} if letter else {}
        filed |= told.model_dump(exclude_defaults=True) if told else {}
        desk.events = [replace(event, data=filed | event.data) for event in desk.events]
        ledger.append(session, desk.events, at=desk.now, by=by, key=key)
        return desk

    def _check(self, desk: Desk, act: Act, by: str) -> None:
        body = self.programme.body(by)
        if body is None and by != ENGINE:
            raise UnknownError(
                marked("There is no body “{by}” in {name}."), by=by, name=self.programme.name
            )
        if desk.contact and self.programme.contact(desk.contact) is None:
            raise UnknownError(
                marked("There is no contact “{contact}” in {name}."),
                contact=desk.contact,
                name=self.programme.name,
            )
        if by in desk.bodies.ended:
            raise NotAllowedError(
                marked("{by} has ended; {steward} looks after what it had."),
                by=by,
                steward=desk.bodies.steward,
            )
        kind = body.kind if body else ENGINE
        may = _MAY[type(act)]
        if may is not None and kind not in may:
            name = type(act).model_fields["act"].default
            raise NotAllowedError(
                marked("“{name}” is for {listed}; not for {by}."),
                name=name,
                listed=OneOf(_KINDS[kind] for kind in sorted(may - {ENGINE})),
                by=by,
            )

    def _check_letter(self, desk: Desk, letter: Letter) -> None:
        may = {desk.bodies.steward, self.programme.chair}
        if letter.filed_by not in may:
            raise NotAllowedError(
                marked("To act on behalf of {by} is for {listed}; not for {filed_by}."),
                by=desk.by,
                listed=OneOf(sorted(may)),
                filed_by=letter.filed_by,
            )
