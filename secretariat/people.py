"""Who holds each post, who stands in, and can it be reached by mail?"""

from dataclasses import dataclass

from sqlmodel import Session, col, select

from schemas.programme import Contact
from schemas.tables import Absence, Person, PostHeld
from secretariat.commands.office import Desk
from secretariat.commands.reach import Reach, Unreachable


@dataclass(frozen=True)
class PostSeen:
    """A post: ``filled`` if somebody is said to hold it, ``holder`` if we know their name.

    ``stands_in`` are the posts that may take its mails while it is absent.
    """

    post: Contact
    filled: bool
    holder: Person | None
    absence: Absence | None
    unreachable: Unreachable | None
    stands_in: list[Contact]


def seen(desk: Desk, present: Session) -> list[PostSeen]:
    """Every post, in the programme's order; absences to come are among them.

    ``present`` knows the people, who stand beside the ledger; a past store knows none.
    """
    now = col(PostHeld.until).is_(None) | (col(PostHeld.until) > desk.now)
    held = select(PostHeld).where(PostHeld.since <= desk.now, now).order_by(col(PostHeld.since))
    holders = {each.post: present.get(Person, each.person) for each in desk.session.exec(held)}
    absent = select(Absence).where(Absence.until > desk.now)
    absences = {absence.post: absence for absence in desk.session.exec(absent)}
    lost = {each.post.slug: each for each in Reach(desk).unreachable()}
    return [
        PostSeen(
            post=post,
            filled=post.slug in holders,
            holder=holders.get(post.slug),
            absence=absences.get(post.slug),
            unreachable=lost.get(post.slug),
            stands_in=[
                other
                for other in desk.programme.contacts
                if (other.body, other.member) == (post.body, post.member) and other != post
            ],
        )
        for post in desk.programme.contacts
    ]
