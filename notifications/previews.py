"""How does a mail look, in any language? A real one written once more, or one from samples."""

from dataclasses import dataclass, replace
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import SMTP

from sqlmodel import Session, col, select

from notifications.compose import Composer
from notifications.samples import samples
from schemas.programme import Programme
from schemas.tables import Mail
from secretariat.commands.office import Office
from secretariat.errors import BadInputError, SecretariatError, UnknownError
from secretariat.languages import LANGUAGES, language_of

RECENT = 20


@dataclass(frozen=True)
class Preview:
    """One mail in one language; ``number`` of the mail it was written from, None from samples."""

    name: str
    number: int | None
    subject: str
    text: str
    html: str


def names(composer: Composer) -> list[str]:
    """The kinds of mail there are, by their templates."""
    return sorted(samples(composer.programme))


def preview(office: Office, composer: Composer, name: str, language: str) -> Preview:
    """The mail of a number, or the latest of a kind, as it would be written now in a language.

    Nothing is changed and nothing sent. Raises UnknownError, BadInputError.
    """
    if language not in LANGUAGES:
        raise BadInputError(f"“{language}” is none of the languages: {', '.join(LANGUAGES)}.")
    speaking = replace(composer, programme=_all_speak(composer, language))
    copied = office.store.copy()
    now = office.clock.now()
    with office.store.read() as source:
        found = _found(source, composer, name)
    for mail in found:
        with copied.write() as session:
            again = Mail(**mail.model_dump(exclude={"content"}))
            try:
                speaking.freeze(session, again, now)
                return _read(again)
            except (SecretariatError, LookupError):
                continue  # what it was about is there no more
            finally:
                session.rollback()
    if name.isdecimal():
        raise UnknownError(f"What mail {name} was about is there no more; it cannot be shown anew.")
    return _sample(speaking, name, language)


def _found(session: Session, composer: Composer, name: str) -> list[Mail]:
    if name.isdecimal() and int(name) < 2**31:
        mail = session.get(Mail, int(name))
        if mail is None:
            raise UnknownError(f"There is no mail “{name}”.")
        return [mail]
    if name not in names(composer):
        known = ", ".join(names(composer))
        raise UnknownError(f"There is no kind of mail “{name}”. The kinds are: {known}.")
    query = select(Mail).where(Mail.template == name).order_by(col(Mail.id).desc())
    return list(session.exec(query.limit(RECENT)))


def _all_speak(composer: Composer, language: str) -> Programme:
    contacts = [
        each.model_copy(update={"language": language}) for each in composer.programme.contacts
    ]
    return composer.programme.changed(contacts=contacts)


def _read(mail: Mail) -> Preview:
    message = BytesParser(policy=SMTP).parsebytes(mail.content or b"")
    assert isinstance(message, EmailMessage)
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    return Preview(
        name=mail.template,
        number=mail.id,
        subject=mail.subject or "",
        text=plain.get_content().replace("\r\n", "\n") if plain else "",
        html=html.get_content() if html else "",
    )


def _sample(composer: Composer, name: str, language: str) -> Preview:
    """Nothing of the kind was sent yet."""
    facts = samples(composer.programme)[name][0]
    text, html = composer.templates.write(name, language_of(language), facts, must_leave=True)
    subject, _, text = text.partition("\n")
    return Preview(name, None, " ".join(subject.split()), text.strip() + "\n", html)
