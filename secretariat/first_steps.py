"""What is left to do before a new installation hands anything over? Read off the store."""

from dataclasses import dataclass

from sqlmodel import Session, col, select

from schemas.programme import Programme
from schemas.tables import Entry, Mail, Person, PostHeld
from secretariat.catalogues import marked
from secretariat.languages import ENGLISH, Language
from secretariat.settings import Settings

MAIL_IS_CAUGHT = marked(
    "Set SECRETARIAT_SMTP_URL and start again; until then mail is only caught here."
)
_MADE_UP = (".example", "example.org", "example.com", "example.net")


@dataclass(frozen=True)
class Step:
    """One thing to do, whether it is done, how it is done, and the page for it if there is one."""

    name: str
    done: bool
    how: str
    page: str = ""


def steps(
    session: Session, programme: Programme, settings: Settings, language: Language = ENGLISH
) -> list[Step]:
    """In the order they are best done."""
    _ = language.gettext
    loaded = language.phrase(
        "{programme}: {functions} functions, {members} governments.",
        programme=programme.name,
        functions=len(programme.functions),
        members=len(programme.members),
    )
    nowhere = _nowhere(session, programme)
    mailed = session.exec(select(Mail.id).where(Mail.state == "accepted").limit(1)).first()
    offers = select(Entry.seq).where(Entry.kind == "holding.offered")
    offered = session.exec(offers.limit(1)).first()
    return [
        Step(_("The programme is loaded"), True, loaded, "/help"),
        Step(
            _("Mail leaves by your own server"),
            settings.smtp is not None,
            "" if settings.smtp else _(MAIL_IS_CAUGHT),
        ),
        Step(
            _("Every post has a real mailbox"),
            not nowhere,
            language.ngettext(
                "{count} post still has a made-up address: write the real one into the programme "
                "file, or say who holds the post.",
                "{count} posts still have a made-up address: write the real ones into the "
                "programme file, or say who holds the posts.",
                len(nowhere),
            ).format(count=len(nowhere))
            if nowhere
            else _("None has a made-up address."),
            "/people",
        ),
        Step(
            _("A first mail was taken by the server"),
            mailed is not None,
            _("Send one to yourself, and see what the server says of it."),
            "/mail/test",
        ),
        Step(
            _("A first duty is offered to a government"),
            offered is not None,
            _("Open a function, then one of its duties, and offer it."),
            f"/functions/{programme.functions[0].slug}",
        ),
    ]


def _nowhere(session: Session, programme: Programme) -> list[str]:
    """The posts whose mail goes to an address nobody can have."""
    people = select(PostHeld.post).join(Person, col(Person.slug) == col(PostHeld.person))
    held = people.where(col(PostHeld.until).is_(None), col(Person.email).is_not(None))
    reached = set(session.exec(held))
    return [
        contact.slug
        for contact in programme.contacts
        if contact.email.endswith(_MADE_UP) and contact.slug not in reached
    ]
