"""Where is what the reader looks for? Names, titles and sentences, each kind cut to a few."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from sqlmodel import Session, col, or_, select

from schemas.meeting_tables import AgendaItem, Document
from schemas.programme import Programme
from schemas.tables import Entry, Holding, Obligation, Som
from secretariat import asked, ledger, words
from secretariat.catalogues import marked
from secretariat.languages import ENGLISH, Language

MOST = 10
_LOOKED_AT = 2_000  # entries of the ledger, and obligations, the newest, whose words are read


@dataclass(frozen=True)
class Hit:
    """One thing that was found: what it is called, more of it in small, and its page."""

    name: str
    page: str
    more: str = ""


@dataclass
class Found:
    """What was found of one kind; ``more`` if there is more than is shown."""

    kind: str
    hits: list[Hit] = field(default_factory=list)
    more: bool = False


def search(
    session: Session,
    programme: Programme,
    text: str,
    reads: Callable[[Document], bool],
    language: Language = ENGLISH,
) -> list[Found]:
    """What has every word of ``text`` in it, as the language says it or in English.

    Of documents those the reader ``reads``.
    """
    wanted = text.casefold().split()
    if not wanted:
        return []
    own = _kinds(Library(session, programme, reads, language))
    english = _kinds(Library(session, programme, reads, ENGLISH))
    found = []
    for kind, hits in own.items():
        both = zip(hits, english[kind], strict=True)
        said = ((hit, hit) for hit in hits) if language is ENGLISH else both
        found.append(_few(kind, said, wanted))
    return [each for each in found if each.hits]


@dataclass(frozen=True)
class Library:
    """Where is looked, for whom, and in which language it is said."""

    session: Session
    programme: Programme
    reads: Callable[[Document], bool]
    language: Language


def _kinds(library: Library) -> dict[str, Iterator[Hit]]:
    return {
        marked("Countries"): _countries(library),
        marked("Functions"): _functions(library),
        marked("Duties"): _duties(library),
        marked("Obligations"): _obligations(library),
        marked("Meetings"): _meetings(library),
        marked("Documents"): _documents(library),
        marked("What happened"): _entries(library),
    }


def _few(kind: str, hits: Iterable[tuple[Hit, Hit]], wanted: list[str]) -> Found:
    """Of hits, each as it is said and in English, the first that have every word."""
    found = Found(kind)
    for hit, english in hits:
        if not (_has(hit, wanted) or _has(english, wanted)):
            continue
        if len(found.hits) == MOST:
            found.more = True
            break
        found.hits.append(hit)
    return found


def _has(hit: Hit, wanted: list[str]) -> bool:
    said = f"{hit.name} {hit.more} {hit.page}".casefold()
    return all(word in said for word in wanted)


def _countries(at: Library) -> Iterator[Hit]:
    for member in at.programme.members:
        body = words.name_of(at.programme, at.programme.task_force(member.code), at.language)
        name = words.member_name(at.programme, member.code, at.language)
        yield Hit(name, f"/countries/{member.code}", body)


def _functions(at: Library) -> Iterator[Hit]:
    for function in at.programme.functions:
        name = words.function_name(at.programme, function.slug, at.language)
        what = at.language.text_of(at.programme, function.what)
        yield Hit(name, f"/functions/{function.slug}", what)


def _duties(at: Library) -> Iterator[Hit]:
    for holding in at.session.exec(select(Holding).order_by(Holding.id)):
        duty = words.duty_name(at.programme, holding.function, holding.duty, at.language)
        where = words.receiver_name(at.programme, holding.receiver, at.language)
        more = at.language.phrase(
            "{function}; owned by {owner}",
            function=words.function_name(at.programme, holding.function, at.language),
            owner=words.name_of(at.programme, holding.owner, at.language),
        )
        yield Hit(f"{duty}, {where}", f"/holdings/{holding.id}", more)


def _obligations(at: Library) -> Iterator[Hit]:
    """What is still to be done first."""
    order = (col(Obligation.done_at).is_not(None), col(Obligation.do_by).desc())
    for obligation in at.session.exec(select(Obligation).order_by(*order).limit(_LOOKED_AT)):
        body = words.name_of(at.programme, obligation.body, at.language)
        day = at.language.day(obligation.due_on)
        more = (
            at.language.phrase("{body}; done", body=body)
            if obligation.done_at
            else at.language.phrase("{body}; by {day}", body=body, day=day)
        )
        title = asked.title(at.programme, obligation, at.language)
        yield Hit(title, f"/obligations/{obligation.id}", more)


def _meetings(at: Library) -> Iterator[Hit]:
    for som in at.session.exec(select(Som).order_by(col(Som.name).desc())):
        where = words.member_name(at.programme, som.host, at.language)
        name = at.language.phrase("{som} in {member}", som=som.name, member=where)
        yield Hit(name, f"/meetings/{som.name}", som.venue or "")
    for item in at.session.exec(select(AgendaItem).order_by(AgendaItem.id)):
        more = at.language.phrase("item {number} of {som}", number=item.number, som=item.som)
        yield Hit(item.title, f"/meetings/{item.som}", more)


def _documents(at: Library) -> Iterator[Hit]:
    for document in at.session.exec(select(Document).order_by(col(Document.filed_at).desc())):
        if not at.reads(document):
            continue
        more = at.language.phrase("version {version}", version=document.version)
        page = f"/obligations/{document.obligation}"
        yield Hit(document.name, page, f"{more}, {document.obligation}")


def _entries(at: Library) -> Iterator[Hit]:
    """Sentences of the newest entries; figures aside, whose small parts are not for everybody."""
    told = ~or_(*(col(Entry.kind).startswith(kind) for kind in ("figure.", "return.")))
    query = select(Entry).where(told).order_by(col(Entry.seq).desc()).limit(_LOOKED_AT)
    for entry in at.session.exec(query):
        sentence = words.sentence(at.programme, ledger.event(entry), entry.by, at.language)
        page = f"/ledger?before={(entry.seq or 0) + 1}#e{entry.seq}"
        yield Hit(sentence, page, at.language.day(entry.at))
