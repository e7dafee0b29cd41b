"""The store's tables: the ledger, the read models made from it, and the queues beside it."""

from datetime import date, datetime
from enum import IntEnum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Index, LargeBinary
from sqlmodel import Field, SQLModel

from schemas.columns import instant


class Urgency(IntEnum):
    """Which mail leaves first when not all can; at once is for whom somebody sits and waits."""

    AT_ONCE = 0
    ESCALATION = 1
    DUTY = 2
    NEWS = 3
    DIGEST = 4


class Entry(SQLModel, table=True):
    """One entry of the ledger. ``hash`` covers the entry and ``prev``, the entry before it."""

    __tablename__ = "ledger"

    seq: int | None = Field(default=None, primary_key=True)
    at: datetime = instant(index=True)
    kind: str
    subject: str = Field(index=True)
    by: str
    version: int = Field(default=1, description="of the shape of the data")
    data: str = Field(description="canonical JSON")
    key: str | None = Field(default=None, unique=True, description="of the act, on its first entry")
    prev: str
    hash: str = Field(unique=True)


# -- read models: made from the ledger, and only from it ------------------------------------------


class Holding(SQLModel, table=True):
    """A duty at one receiver, with its one accountable owner."""

    __tablename__ = "holding"
    __table_args__ = (
        CheckConstraint("phase in ('un_led', 'shared', 'government_led', 'completed')"),
        CheckConstraint("standing in ('steady', 'offered', 'suspended')"),
        CheckConstraint("(standing = 'offered') = (offered_phase is not null)"),
        CheckConstraint("(standing = 'offered') = (offered_to is not null)"),
        CheckConstraint("(standing = 'suspended') = (follow_up is not null)"),
    )

    id: str = Field(primary_key=True)
    function: str = Field(index=True)
    duty: str
    receiver: str
    takes_over: str = Field(description="the body it is to move to")
    owner: str
    phase: str
    since: datetime = instant(description="in this phase with this owner, in custody or not")
    standing: str = "steady"
    offered_to: str | None = None
    offered_phase: str | None = None
    answer_by: datetime | None = instant(default=None)
    follow_up: datetime | None = instant(default=None)
    custody_of: str | None = Field(default=None, description="the ended body it came from")
    version: int = Field(default=0, description="how many entries of the ledger are about it")


class Item(SQLModel, table=True):
    """An item of a holding's readiness checklist: there by evidence, or waived with a reason."""

    __tablename__ = "readiness"
    __table_args__ = (CheckConstraint("(evidence is null) <> (waived is null)"),)

    holding: str = Field(primary_key=True)
    item: str = Field(primary_key=True)
    evidence: str | None = None
    waived: str | None = Field(default=None, description="why it may be missing")
    by: str
    contact: str | None = None
    at: datetime = instant()


class Review(SQLModel, table=True):
    """The question, so many days after a government took the lead: is it still performed?"""

    __tablename__ = "review"

    holding: str = Field(primary_key=True)
    asked_at: datetime = instant(primary_key=True)
    days: int
    answered_at: datetime | None = instant(default=None, index=True)
    performed: bool | None = None
    note: str = ""


class Support(SQLModel, table=True):
    """Support that was proposed because a function stopped being performed somewhere."""

    __tablename__ = "support"

    function: str = Field(primary_key=True)
    body: str = Field(primary_key=True)
    proposed_at: datetime = instant()
    why: str


class Ending(SQLModel, table=True):
    """A body that ends or has ended."""

    __tablename__ = "ending"

    body: str = Field(primary_key=True)
    ends_at: datetime = instant()
    ended_at: datetime | None = instant(default=None)
    reason: str


class PostHeld(SQLModel, table=True):
    """Who holds a post, in turn: days in the zone of the post; the last has no ``until`` yet."""

    __tablename__ = "post_held"

    post: str = Field(primary_key=True)
    since: datetime = instant(primary_key=True)
    person: str
    until: datetime | None = instant(default=None)


class Absence(SQLModel, table=True):
    """A post whose mails go to a substitute for a while."""

    __tablename__ = "absence"

    post: str = Field(primary_key=True)
    since: datetime = instant()
    until: datetime = instant()
    substitute: str


class Som(SQLModel, table=True):
    """A Senior Officials Meeting."""

    __tablename__ = "som"

    name: str = Field(primary_key=True)
    host: str
    anchor: str
    venue: str | None = None
    postponed_from: str | None = None
    closed_at: datetime | None = instant(default=None)


class Term(SQLModel, table=True):
    """A member's time in the chair, named by the SOM it hosts."""

    __tablename__ = "term"
    __table_args__ = (CheckConstraint("agreement in ('formal', 'informal')"),)

    som: str = Field(primary_key=True)
    member: str
    agreement: str
    took_office_at: datetime | None = instant(default=None)
    left_at: datetime | None = instant(default=None)


class Cycle(SQLModel, table=True):
    """One run of a function; ``id`` is ``function/name``."""

    __tablename__ = "cycle"

    id: str = Field(primary_key=True)
    function: str = Field(index=True)
    name: str = Field(index=True)
    anchor: str
    opened_at: datetime = instant()
    closed_at: datetime | None = instant(default=None)


class PlannedMilestone(SQLModel, table=True):
    """A milestone of one cycle with its day; ``id`` is ``function/name/slug``."""

    __tablename__ = "milestone"

    id: str = Field(primary_key=True)
    cycle: str = Field(index=True)
    slug: str
    title: str
    due_on: date
    provisional: bool
    anchor: str = Field(default="", description="what its day was counted from")
    offset: int = Field(default=0, description="working days of the secretariat from there")


class Obligation(SQLModel, table=True):
    """A milestone asked of one body; ``id`` is ``function/name/slug@body``."""

    __tablename__ = "obligation"
    __table_args__ = (
        Index("ix_obligation_open", "done_at", "do_by"),
        Index("ix_obligation_function", "function", "done_at", "do_by"),
        Index("ix_obligation_body", "body", "done_at", "do_by"),
    )

    id: str = Field(primary_key=True)
    cycle: str = Field(index=True)
    function: str
    milestone: str
    title: str
    body: str
    asked_at: datetime = instant()
    acknowledge_by: datetime = instant()
    planned_on: date = Field(description="the day of its milestone")
    promised_on: date = Field(description="the first day it was to be done by")
    due_on: date = Field(description="the last day to do it on, in the body's country")
    by_rule: bool = Field(default=True, description="that day follows from the milestone's")
    do_by: datetime = instant(description="the end of that day")
    moved_from: datetime | None = instant(default=None)
    missed_at: datetime | None = instant(default=None)
    provisional: bool = False
    sequence: int = Field(default=0, description="how often its day has changed")
    extended_by: int = Field(default=0, description="working days beyond the milestone's day")
    wanted_on: date | None = Field(default=None, description="the later day the body asks for")
    wanted_why: str = ""
    wanted_at: datetime | None = instant(default=None)
    ladder: dict[str, Any] = Field(sa_type=JSON, description="frozen when asked")
    acknowledged_at: datetime | None = instant(default=None)
    acknowledged_by: str | None = None
    acknowledged_until: datetime | None = instant(default=None)
    snoozed_until: date | None = Field(default=None, description="its reminders rest until then")
    snoozes: int = 0
    done_at: datetime | None = instant(default=None)
    done_by: str | None = None
    note: str = ""


# -- queues and keys: beside the ledger -----------------------------------------------------------


class Timer(SQLModel, table=True):
    """Something waiting for its time. Due is ``due_at <= now`` and not yet claimed.

    ``kind`` says what is to happen to ``subject``: a ladder step, an acknowledgement that runs out,
    a missed obligation, an extension nobody answers, an offer that runs out, a review, a follow-up,
    a body's end, an audit, a silence that ends; ``step`` tells several of a kind apart.
    """

    __tablename__ = "timer"
    __table_args__ = (
        Index("ix_timer_step", "kind", "subject", "step", unique=True),
        Index("ix_timer_due", "claimed_at", "due_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    subject: str
    step: int = 0
    turn: int = Field(default=0, description="how often it was taken before")
    due_at: datetime = instant()
    claimed_at: datetime | None = instant(default=None)


class Mail(SQLModel, table=True):
    """One mail to one contact: asked for by an act, frozen to bytes, then sent until it ends.

    ``unknown`` is a mail the relay may have taken before the connection broke; ``held`` waits for a
    person; ``bundled`` became part of the mail ``bundle``, whose end is its end.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        CheckConstraint(
            "state in ('waiting', 'sending', 'unknown', 'held', 'bundled', "
            "'accepted', 'bounced', 'refused', 'suppressed', 'expired')"
        ),
        CheckConstraint("state != 'accepted' or (accepted_at is not null and content is not null)"),
        CheckConstraint("(state = 'sending') = (lease_until is not null)"),
        CheckConstraint("(state = 'bundled') = (bundle is not null)"),
        CheckConstraint(
            "(state in ('accepted', 'bounced', 'refused', 'suppressed', 'expired')) "
            "= (ended_at is not null)"
        ),
        Index("ix_outbox_next", "state", "urgency", "expires_at", "not_before", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    idem_key: str = Field(unique=True)
    asked_at: datetime = instant()
    not_before: datetime = instant()
    expires_at: datetime | None = instant(default=None, description="no use in sending it then")
    urgency: int = Field(default=Urgency.NEWS, description="the smaller leaves first")
    contact: str
    role: str | None = Field(default=None, description="what the contact was when it was asked for")
    template: str
    obligation: str | None = Field(default=None, index=True)
    holding: str | None = Field(default=None, index=True)
    context: dict[str, Any] = Field(sa_type=JSON)
    language: str | None = None
    subject: str | None = None
    message_id: str | None = Field(default=None, index=True)
    address: str | None = Field(default=None, description="where it goes, frozen with it")
    content: bytes | None = Field(default=None, sa_type=LargeBinary)
    sha256: str | None = Field(default=None, description="of the frozen content")
    bundle: int | None = Field(default=None, index=True)
    state: str = "waiting"
    lease_until: datetime | None = instant(default=None)
    attempts: int = 0
    attempted_at: datetime | None = instant(
        default=None, index=True, description="when the last attempt began or, known, ended"
    )
    faults: int = Field(default=0, description="attempts in a row that failed within us")
    phase: str = Field(default="", description="how far the last attempt came: connect … dot")
    possible_duplicate: bool = False
    code: str = Field(default="", description="the enhanced status code, such as 5.1.1")
    reply: str = Field(default="", description="why it is as it is, in plain words")
    accepted_at: datetime | None = instant(default=None)
    ended_at: datetime | None = instant(default=None)


class Person(SQLModel, table=True):
    """Somebody's name and address, outside the ledger so that they can be erased."""

    __tablename__ = "person"

    slug: str = Field(primary_key=True)
    name: str
    email: str | None = Field(default=None, description="else the mailbox of the post")


class SuspendedAddress(SQLModel, table=True):
    """An address mail to which came back for good; outside the ledger so that it can be erased."""

    __tablename__ = "suspended_address"

    address: str = Field(primary_key=True, description="in small letters")
    contact: str = Field(description="the post it was the mailbox of")
    since: datetime = instant()
    code: str = Field(description="the enhanced status code, such as 5.1.1")
    words: str = Field(description="the other side's, without addresses")


class Reply(SQLModel, table=True):
    """What somebody answered to a mail: filed with what the mail was about, never an act."""

    __tablename__ = "reply"
    __table_args__ = (
        CheckConstraint("kind in ('person', 'away', 'automatic')"),
        Index("ix_reply_sender", "sender", "at"),
        Index("ix_reply_once", "mail", "said", unique=True),
    )

    id: int | None = Field(default=None, primary_key=True)
    mail: int = Field(description="the mail it answers")
    said: str = Field(description="the hash of its Message-ID and text")
    obligation: str | None = Field(default=None, index=True)
    holding: str | None = Field(default=None, index=True)
    contact: str | None = Field(default=None, description="whose address it is, if we know it")
    sender: str
    kind: str
    at: datetime = instant()
    subject: str
    text: str


class Received(SQLModel, table=True):
    """An incoming message that was dealt with, so that it is dealt with once; and how."""

    __tablename__ = "received"

    id: str = Field(primary_key=True, description="the hash of its place and beginning")
    at: datetime = instant(index=True)
    fate: str


class Link(SQLModel, table=True):
    """What a mailed link may do: one kind of act on one object by one contact, until it expires.

    ``id`` is the hash of its token's random part, ``key`` the name of the key that signed it,
    ``person`` who held the contact's post then.
    """

    __tablename__ = "link"

    id: str = Field(primary_key=True)
    key: str = Field(index=True)
    purpose: str
    object: str = Field(index=True)
    contact: str = Field(index=True)
    person: str | None = None
    made_at: datetime = instant()
    expires_at: datetime = instant(index=True)
    used_at: datetime | None = instant(default=None)
    renewed_at: datetime | None = instant(default=None, description="when a new one was asked for")
    revoked_at: datetime | None = instant(default=None)


class NoDigest(SQLModel, table=True):
    """A contact that wants no digests, as long as the same person holds its post."""

    __tablename__ = "no_digest"

    contact: str = Field(primary_key=True)
    person: str | None = None
    since: datetime = instant()


class Run(SQLModel, table=True):
    """A flow run asked for or under way, as we remember it whatever becomes of Prefect."""

    __tablename__ = "run"
    __table_args__ = (
        CheckConstraint("state in ('waiting', 'started', 'running', 'done', 'failed')"),
    )

    key: str = Field(primary_key=True)
    deployment: str
    parameters: dict[str, Any] = Field(sa_type=JSON)
    asked_at: datetime = instant(index=True)
    asked_by: str
    state: str = "waiting"
    not_before: datetime | None = instant(default=None)
    prefect_id: str | None = Field(default=None, index=True)
    steps: list[str] = Field(default_factory=list, sa_type=JSON)
    words: str = ""
    beat: int = Field(default=0, description="grows for as long as its process lives")
    lost: int = Field(default=0, description="how often its process or Prefect's run was gone")
    ended_at: datetime | None = instant(default=None)


class Setting(SQLModel, table=True):
    """A single value the program must remember, such as how far the relay has come."""

    __tablename__ = "setting"

    name: str = Field(primary_key=True)
    value: str


class Lease(SQLModel, table=True):
    """Which process does what only one may: its ``number`` grows with each that takes over."""

    __tablename__ = "lease"

    name: str = Field(primary_key=True)
    number: int
    holder: str = Field(description="its name for people; empty: given back")
    beat: int = Field(description="grows for as long as its process lives")
