"""Can a post be reached by mail, and who gets its mails where it cannot?"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from sqlmodel import Session, col, or_, select

from schemas.acts import Unsuspend
from schemas.programme import Contact, Programme
from schemas.tables import Mail, Obligation, SuspendedAddress, Urgency
from secretariat.catalogues import marked
from secretariat.commands import posts
from secretariat.commands.mails import NOT_ARRIVED, STEERS
from secretariat.commands.office import Desk, handles
from secretariat.errors import UnknownError

TO_SIGN_IN = "signin"
TEST = "test"
ACCOUNT_NEWS = "account"
TO_ONE = (TO_SIGN_IN, TEST, ACCOUNT_NEWS)  # mails that go to one mailbox or to none
NOBODY = "nobody who can be reached is left to get it"
_ABOUT_US = ("5.1.7", "5.1.8")  # it is the sender's address that is not liked
_DISABLED = "5.2.1"
_ABOVE = ("chair", "secretariat")  # roles of a ladder beyond the body that is asked
_FIRST = {"alternate": 0, "head": 1}


@dataclass(frozen=True)
class Unreachable:
    """A post whose mail comes back; ``incident`` says that a person has to see to it now."""

    post: Contact
    suspended: SuspendedAddress
    incident: bool
    instead: list[Contact]


def is_for_good(code: str) -> bool:
    """Whether a status code says that an address takes no mail at all: it is wrong or disabled.

    A full mailbox (5.2.2) empties, a policy (5.7.x) is about the mail, and 4.x.x passes.
    """
    return (code.startswith("5.1.") and code not in _ABOUT_US) or code == _DISABLED


def without_addresses(words: str) -> str:
    """What a mail system said, fit to be kept where the address it names could not be erased."""
    return re.sub(r"<?[^\s<>@]+@[^\s<>@]+>?", "(address)", words)


@dataclass
class Reach:
    """Who can be reached at the moment of one desk; what it looked up once it remembers."""

    desk: Desk

    @cached_property
    def suspended(self) -> set[str]:
        return set(self.desk.session.exec(select(SuspendedAddress.address)))

    @cached_property
    def _serving(self) -> dict[str, bool]:
        return {}

    def lost(self, contact: str, address: str | None, template: str) -> str:
        """Why a mail can not go to a contact, at the address it is frozen for; empty: it can."""
        post = self.desk.programme.contact(contact)
        if post is None:
            return f"{contact} is no longer in the programme"
        if template not in TO_ONE and not self._serves(post):
            return f"{contact} no longer answers for {post.body}"
        if self.suspended and (address or self._mailbox(post)).lower() in self.suspended:
            return f"mail to {contact} comes back"
        return ""

    def pass_on(self, mail: Mail) -> bool:
        """Whether a mail must not go to its contact; then another gets it, or it is held."""
        why = self.lost(mail.contact, mail.address, mail.template)
        if not why:
            return False
        instead = self.hand_over(mail)
        if instead:
            mail.state, mail.ended_at = "suppressed", self.desk.now
            mail.reply = f"{why}; it goes to {', '.join(instead)}"
        elif mail.template in TO_ONE:
            mail.state, mail.ended_at, mail.reply = "suppressed", self.desk.now, why
        else:
            mail.state, mail.reply = "held", f"{why}; {NOBODY}"
        mail.lease_until = None
        return True

    def not_arrived(self, mail: Mail, code: str, words: str) -> None:
        """See to a mail that was refused or came back: another gets it, its address may be shut."""
        if mail.address and is_for_good(code):
            self._suspend(mail, mail.address.lower(), code, without_addresses(words))
        self.hand_over(mail)

    def hand_over(self, mail: Mail) -> list[str]:
        """Ask for the same mail to whoever can be reached instead; their slugs."""
        if mail.template in TO_ONE:
            return []
        for group in self._heirs(mail):
            told = [
                contact.slug
                for contact in group
                if contact.slug != mail.contact
                and self.is_reachable(contact)
                and self._asked(mail, contact)
            ]
            if told:
                return told
        return []

    def is_reachable(self, contact: Contact) -> bool:
        return self._serves(contact) and self._mailbox(contact) not in self.suspended

    def alternates(self, post: Contact) -> list[Contact]:
        """The other posts of the same office, the alternate first, then the head."""
        return [one for one in self._office(post.body, post.member) if one != post]

    def _office(self, body: str, member: str | None) -> list[Contact]:
        posts = self.desk.programme.contacts
        office = [post for post in posts if (post.body, post.member) == (body, member)]
        return sorted(office, key=lambda post: _FIRST.get(post.role, 2))

    def coordinators(self) -> list[Contact]:
        return self.desk.contacts(self.desk.bodies.steward, "head")

    def unreachable(self) -> list[Unreachable]:
        """The posts whose present address is suspended, incidents first."""
        rows = self.desk.session.exec(select(SuspendedAddress)).all() if self.suspended else []
        found = []
        for post in self.desk.programme.contacts if rows else []:
            box = self._mailbox(post)
            for row in rows:
                if row.address == box and self._serves(post):
                    instead = [c for c in self.alternates(post) if self.is_reachable(c)][:1]
                    instead = instead or [c for c in self.coordinators() if self.is_reachable(c)]
                    grave = self._is_incident(post) or not instead
                    found.append(Unreachable(post, row, grave, instead))
        return sorted(found, key=lambda one: (not one.incident, one.suspended.since))

    def _is_incident(self, post: Contact) -> bool:
        """Whether others depend on the post: the chair, a national focal point, the coordinator."""
        chair = post.body == self.desk.programme.chair
        national = post.role == "focal-point" and post.body in self.desk.programme.task_forces()
        return chair or national or post in self.coordinators()

    def _heirs(self, mail: Mail) -> Iterator[list[Contact]]:
        """Who may get a mail instead of its contact, the nearest first."""
        post = self.desk.programme.contact(mail.contact)
        asked = self.desk.session.get(Obligation, mail.obligation) if mail.obligation else None
        if post:
            yield self.desk.contacts(post.body, post.role)
            for contact in self.alternates(post):
                yield [contact]
        elif asked and mail.role in _ABOVE:
            yield self.desk.contacts(asked.body, mail.role)
        elif asked:
            for contact in self._office(asked.body, None):
                yield [contact]
        for coordinator in self.coordinators():
            yield [coordinator]
            for contact in self.alternates(coordinator):
                yield [contact]

    def _asked(self, mail: Mail, contact: Contact) -> bool:
        """Whether a contact gets this mail too; asked for now unless it was before."""
        mine, other = f">{mail.contact}", f">{contact.slug}"
        key = mail.idem_key.replace(mine, other) if mine in mail.idem_key else mail.idem_key + other
        there = self.desk.session.exec(select(Mail.state).where(Mail.idem_key == key)).first()
        if there is None:
            self.desk.mail(
                key,
                contact,
                mail.template,
                urgency=Urgency(mail.urgency),
                expires_at=mail.expires_at,
                role=mail.role,
                **mail.context,
            )
        return there not in NOT_ARRIVED

    def _suspend(self, mail: Mail, address: str, code: str, words: str) -> None:
        """Write to an address no more, and tell its office and the coordinator, once."""
        if address in self.suspended:
            return
        boxes = {self._mailbox(contact): contact for contact in self.desk.programme.contacts}
        post = boxes.get(address) or self.desk.programme.contact(mail.contact)
        slug = post.slug if post else mail.contact
        self.desk.session.add(
            SuspendedAddress(
                address=address, contact=slug, since=self.desk.now, code=code, words=words
            )
        )
        self.suspended.add(address)
        self.desk.record("post.unreachable", slug, code=code)
        told = [c for c in self.alternates(post) if self.is_reachable(c)][:1] if post else []
        for contact in {c.slug: c for c in (*told, *self.coordinators())}.values():
            key = f"{slug}#unreachable#{self.desk.now.isoformat()}>{contact.slug}"
            self.desk.mail(
                key, contact, "unreachable", urgency=Urgency.DUTY, post=slug, code=code, words=words
            )

    def _serves(self, post: Contact) -> bool:
        """Whether a post still answers for its body: not once the chair moved on or it ended."""
        if post.slug not in self._serving:
            serving = self.desk.contacts(post.body, post.role)
            self._serving[post.slug] = post.slug in {contact.slug for contact in serving}
        return self._serving[post.slug]

    def _mailbox(self, post: Contact) -> str:
        return mailbox(self.desk.session, self.desk.programme, post, self.desk.now)


def mailbox(session: Session, programme: Programme, post: Contact, now: datetime) -> str:
    """The address mails to a post go to at ``now``, in small letters."""
    contact = posts.answering(session, programme, post, now)
    person = posts.holder(session, contact.slug, now)
    return ((person.email if person else None) or contact.email).lower()


@handles(Unsuspend, may=STEERS)
def unsuspend(desk: Desk, act: Unsuspend) -> None:
    """Somebody has seen to it: mails leave again, also those nobody was left to get."""
    which = or_(
        SuspendedAddress.address == act.which.lower(), SuspendedAddress.contact == act.which
    )
    rows = desk.session.exec(select(SuspendedAddress).where(which)).all()
    if not rows:
        raise UnknownError(marked("No address of “{which}” is suspended."), which=act.which)
    for row in rows:
        desk.session.delete(row)
        desk.record("post.reachable", row.contact)
    held = select(Mail).where(Mail.state == "held", col(Mail.reply).endswith(NOBODY))
    for mail in desk.session.exec(held):
        mail.state, mail.reply = "waiting", ""
