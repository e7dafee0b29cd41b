"""What did somebody answer? Filed with what the mail was about; never answered, never an act."""

from datetime import timedelta
from hashlib import sha256

from sqlmodel import col, func, select

from notifications.fates import Fate
from notifications.incoming import Incoming
from schemas.tables import Mail, Person, PostHeld, Reply, Urgency
from secretariat.commands.office import Desk
from secretariat.commands.reach import mailbox

MOST = 3  # from one address within an hour; more is a machine or a quarrel
_HOUR = timedelta(hours=1)


def file(desk: Desk, mail: Mail, said: Incoming) -> Fate:
    """Keep a reply, and tell the steward's head of one that a person wrote."""
    assert mail.id
    digest = sha256(f"{said.message_id}\n{said.subject}\n{said.text}".encode()).hexdigest()
    once = select(Reply.id).where(Reply.mail == mail.id, Reply.said == digest)
    if desk.session.exec(once).first():
        return Fate.REPEATED
    if _is_muted(desk, said.sender):
        return Fate.MUTED
    about = _about(desk, mail)
    reply = Reply(
        mail=mail.id,
        said=digest,
        obligation=about.obligation,
        holding=about.holding,
        contact=_contact(desk, said.sender),
        sender=said.sender,
        kind=_kind(desk, said),
        at=desk.now,
        subject=said.subject,
        text=said.text,
    )
    desk.session.add(reply)
    desk.session.flush()
    if reply.kind != "person":
        return Fate.AUTOMATIC
    for contact in desk.contacts(desk.bodies.steward, "head"):
        desk.mail(
            f"reply#{reply.id}>{contact.slug}",
            contact,
            "reply",
            urgency=Urgency.DIGEST,
            reply=reply.id,
        )
    return Fate.FILED


def _about(desk: Desk, mail: Mail) -> Mail:
    """The mail that was answered; of several that went together, the most urgent with a thing."""
    parts = select(Mail).where(Mail.bundle == mail.id, col(Mail.obligation).is_not(None))
    first = desk.session.exec(parts.order_by(col(Mail.urgency), col(Mail.id))).first()
    return first or mail


def _kind(desk: Desk, said: Incoming) -> str:
    """A mail of our own that came round is no person's, whatever it looks like."""
    ours = select(Mail.id).where(Mail.message_id == said.message_id)
    if said.kind == "person" and said.message_id and desk.session.exec(ours).first():
        return "automatic"
    return said.kind


def _is_muted(desk: Desk, sender: str) -> bool:
    lately = select(func.count()).where(Reply.sender == sender, col(Reply.at) > desk.now - _HOUR)
    return desk.session.exec(lately).one() >= MOST


def _contact(desk: Desk, sender: str) -> str | None:
    """Whose address it is now; a person's own may have written from a post held before."""
    for post in desk.programme.contacts:
        if sender in (post.email.lower(), mailbox(desk.session, desk.programme, post, desk.now)):
            return post.slug
    held = select(PostHeld.post).join(Person, col(Person.slug) == col(PostHeld.person))
    return desk.session.exec(held.where(func.lower(Person.email) == sender)).first()
