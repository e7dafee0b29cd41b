"""Who holds each post, who stands in, and can it be reached by mail?"""

from dataclasses import dataclass

from sqlmodel import col, or_, select

from schemas.programme import Contact
from schemas.tables import Absence, PostHeld
from secretariat.commands import posts
from secretariat.commands.office import Desk
from secretariat.commands.posts import Holder
from secretariat.commands.reach import Reach, Unreachable


@dataclass(frozen=True)
class PostSeen:
    """A post: ``filled`` if somebody is said to hold it, ``holder`` if we know their name.

    ``stands_in`` are the posts that may take its mails while it is absent.
    """

    post: Contact
    filled: bool
    holder: Holder | None
    absence: Absence | None
    unreachable: Unreachable | None
    stands_in: list[Contact]


def seen(desk: Desk) -> list[PostSeen]:
    """Every post, in the programme's order; absences to come are among them."""
    held = select(PostHeld.post).where(
        PostHeld.since <= desk.now,
        or_(col(PostHeld.until).is_(None), col(PostHeld.until) > desk.now),
    )
    filled = set(desk.session.exec(held))
    absent = select(Absence).where(Absence.until > desk.now)
    absences = {absence.post: absence for absence in desk.session.exec(absent)}
    lost = {each.post.slug: each for each in Reach(desk).unreachable()}
    return [
        PostSeen(
            post=post,
            filled=post.slug in filled,
            holder=posts.holder(desk.session, post.slug, desk.now),
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
