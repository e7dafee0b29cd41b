"""Acts on posts: who holds one, who stands in, and what is known of a person outside the ledger."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Table, bindparam
from sqlmodel import Session, select

from schemas.acts import BeAbsent, BeBack, HoldPost
from schemas.people import PersonIn
from schemas.programme import Contact, Programme
from schemas.tables import Absence, Mail, Person, PostHeld, Reply, SuspendedAddress
from secretariat.calendars import WorkCalendar
from secretariat.catalogues import marked
from secretariat.commands.office import Desk, handles
from secretariat.errors import BadInputError, ConflictError, NotAllowedError, OneOf, UnknownError
from secretariat.readmodels import row

ERASED = "erased"

_ABSENCES: Table = Absence.__table__  # type: ignore[attr-defined]
_HELD: Table = PostHeld.__table__  # type: ignore[attr-defined]
_PEOPLE: Table = Person.__table__  # type: ignore[attr-defined]
# Asked for every mail, so made once.
_STANDS_IN = select(_ABSENCES.c.substitute).where(
    _ABSENCES.c.post == bindparam("post"),
    _ABSENCES.c.since <= bindparam("now"),
    _ABSENCES.c.until > bindparam("now"),
)
_HOLDS = (
    select(_PEOPLE.c.slug, _PEOPLE.c.name, _PEOPLE.c.email, _HELD.c.until)
    .select_from(_HELD.outerjoin(_PEOPLE, _PEOPLE.c.slug == _HELD.c.person))
    .where(_HELD.c.post == bindparam("post"), _HELD.c.since <= bindparam("now"))
    .order_by(_HELD.c.since.desc())
    .limit(1)
)


class Holder(NamedTuple):
    """Who holds a post; ``email`` is None where it is the mailbox of the post."""

    slug: str
    name: str
    email: str | None


@handles(HoldPost)
def hold_post(desk: Desk, act: HoldPost) -> None:
    post = _post(desk, act.post)
    row(desk.session, Person, act.person)
    days = _calendar(desk, post)
    since = days.beginning_of(act.since)
    until = days.end_of(act.until) if act.until else None
    if until and until <= since:
        raise BadInputError(marked("A post is held until a day after the first."))
    desk.record(
        "post.held",
        post.slug,
        person=act.person,
        since=since.isoformat(),
        until=until.isoformat() if until else None,
    )


@handles(BeAbsent)
def be_absent(desk: Desk, act: BeAbsent) -> None:
    """The substitute answers for the same body, so that nobody acts for another."""
    post = _post(desk, act.post)
    substitute = desk.programme.contact(act.substitute)
    if substitute is None or substitute.body != post.body or substitute.member != post.member:
        raise BadInputError(
            marked("A substitute for {slug} must be a contact of {body} too."),
            slug=post.slug,
            body=post.body,
        )
    if substitute.slug == post.slug:
        raise BadInputError(marked("{slug} cannot stand in for itself."), slug=post.slug)
    days = _calendar(desk, post)
    since, until = days.beginning_of(act.since), days.end_of(act.until)
    if until <= max(since, desk.now):
        raise BadInputError(
            marked("An absence ends on a day that is not past, nor before its first.")
        )
    _not_round(desk, post.slug, substitute.slug)
    desk.record(
        "absence.began",
        post.slug,
        substitute=substitute.slug,
        since=since.isoformat(),
        until=until.isoformat(),
    )


@handles(BeBack)
def be_back(desk: Desk, act: BeBack) -> None:
    post = _post(desk, act.post)
    if desk.session.get(Absence, post.slug) is None:
        raise ConflictError(marked("{slug} is not said to be absent."), slug=post.slug)
    desk.record("absence.ended", post.slug)


def answering(session: Session, programme: Programme, post: Contact, now: datetime) -> Contact:
    """Who answers for a post at ``now``: itself, or its substitute while it is absent."""
    asked = {"post": post.slug, "now": now}
    found = session.connection().execute(_STANDS_IN, asked).scalar()
    substitute = programme.contact(found) if found else None
    return answering(session, programme, substitute, now) if substitute else post


def holder(session: Session, post: str, now: datetime) -> Holder | None:
    """The person who holds a post at ``now``, if one is named and not erased."""
    held = session.connection().execute(_HOLDS, {"post": post, "now": now}).first()
    if held is None or held.slug is None or (held.until and held.until <= now):
        return None
    return Holder(held.slug, held.name, held.email)


def keep(session: Session, person: PersonIn) -> None:
    """Know somebody's name and address, outside the ledger. Raises ConflictError."""
    if session.get(Person, person.slug):
        raise ConflictError(
            marked("There is a person “{slug}” already. Erase that one first."), slug=person.slug
        )
    session.add(Person(**person.model_dump()))


def erase(session: Session, slug: str) -> None:
    """Forget a person: name, address, and the mails that went there or came back; posts keep the
    slug.

    Raises UnknownError.
    """
    person = row(session, Person, slug)
    if person.email:
        for mail in session.exec(select(Mail).where(Mail.address == person.email)):
            waits = mail.state == "waiting"  # then it goes to whoever holds the post when it leaves
            mail.address = None if waits else ERASED
            mail.content = None if waits else ERASED.encode()
        _forget_what_came(session, person.email.lower())
    session.delete(person)


def _forget_what_came(session: Session, address: str) -> None:
    """Their own words go with their address."""
    for reply in session.exec(select(Reply).where(Reply.sender == address)):
        reply.sender = reply.subject = reply.text = ERASED
    if suspended := session.get(SuspendedAddress, address):
        session.delete(suspended)


def _post(desk: Desk, slug: str) -> Contact:
    """The post, if it is the acting body's own or the steward asks."""
    post = desk.programme.contact(slug)
    if post is None:
        raise UnknownError(
            marked("There is no contact “{slug}” in {name}."), slug=slug, name=desk.programme.name
        )
    may = {post.body, desk.bodies.steward}
    if desk.by not in may:
        raise NotAllowedError(
            marked("The post {slug} is for {listed}; not for {by}."),
            slug=slug,
            listed=OneOf(sorted(may)),
            by=desk.by,
        )
    return post


def _calendar(desk: Desk, post: Contact) -> WorkCalendar:
    return WorkCalendar.of(desk.programme.calendar, post.zone)


def _not_round(desk: Desk, post: str, substitute: str) -> None:
    """Nobody may stand in for somebody who, in the end, stands in for them."""
    seen = post
    following: str | None = substitute
    while following:
        if following == seen:
            raise BadInputError(
                marked("{substitute} has {post} stand in itself; choose another."),
                substitute=substitute,
                post=post,
            )
        absence = desk.session.get(Absence, following)
        following = absence.substitute if absence and absence.until > desk.now else None
