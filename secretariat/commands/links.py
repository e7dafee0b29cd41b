"""The act that calls mailed links back, and tells whom they were for."""

from sqlmodel import col, select, update

from schemas.acts import RevokeLinks
from schemas.tables import Link, Mail, Urgency
from secretariat.catalogues import marked
from secretariat.commands.office import Desk, handles
from secretariat.errors import UnknownError

REVOKED = "links.revoked"
ASKING = (
    "obligation",
    "offer",
    "review",
    "silence",
)  # the kinds that ask something of whom they are for


@handles(RevokeLinks, may="secretariat chair operator")
def revoke_links(desk: Desk, act: RevokeLinks) -> None:
    """From this commit on no process lets them act; each contact is told once, with new ones."""
    if act.contact and desk.programme.contact(act.contact) is None:
        raise UnknownError(
            marked("There is no contact “{contact}” in {name}."),
            contact=act.contact,
            name=desk.programme.name,
        )
    revoked = _usable(desk, act)
    if not revoked:
        return
    for link in revoked:
        link.revoked_at = desk.now
    desk.record(
        REVOKED,
        "links",
        contact=act.contact,
        about=act.about,
        key=act.key,
        count=len(revoked),
        reason=act.reason,
    )
    _write_anew(desk, {link.contact for link in revoked})
    _tell(desk, revoked, act.reason)


def _usable(desk: Desk, act: RevokeLinks) -> list[Link]:
    query = select(Link).where(col(Link.revoked_at).is_(None), col(Link.expires_at) > desk.now)
    for column, wanted in (
        (Link.contact, act.contact),
        (Link.object, act.about),
        (Link.key, act.key),
    ):
        if wanted:
            query = query.where(column == wanted)
    return list(desk.session.exec(query.order_by(Link.contact, Link.object)))


def _write_anew(desk: Desk, contacts: set[str]) -> None:
    """What is written but was never tried holds a link called back: it is written once more."""
    untried = col(Mail.state).in_(("waiting", "held")) & (col(Mail.attempts) == 0)
    desk.session.exec(
        update(Mail)
        .where(untried, col(Mail.contact).in_(contacts))
        .values(content=None, sha256=None, subject=None, message_id=None, address=None)
    )


def _tell(desk: Desk, revoked: list[Link], reason: str) -> None:
    asked: dict[str, dict[tuple[str, str], None]] = {}
    for link in revoked:
        if link.purpose in ASKING:
            asked.setdefault(link.contact, {})[link.purpose, link.object] = None
    for slug, items in asked.items():
        if contact := desk.programme.contact(slug):
            desk.mail(
                f"links#{desk.now.isoformat()}>{slug}",
                contact,
                "links",
                urgency=Urgency.DUTY,
                items=[list(item) for item in items],
                reason=reason,
            )
