"""Where is what the reader looks for? Names, titles and sentences, each kind cut to a few."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from sqlmodel import Session, col, or_, select

from schemas.meeting_tables import AgendaItem, Document
from schemas.programme import Programme
from schemas.tables import Entry, Holding, Obligation, Som
from secretariat import asked, ledger, words

MOST = 10
_LOOKED_AT = 2_000  # entries of the ledger, the newest, whose sentences are read


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
    session: Session, programme: Programme, text: str, reads: Callable[[Document], bool]
) -> list[Found]:
    """What has every word of ``text`` in it; of documents those the reader ``reads``."""
    wanted = text.casefold().split()
    if not wanted:
        return []
    kinds: list[tuple[str, Iterator[Hit]]] = [
        ("Countries", _countries(programme)),
        ("Functions", _functions(programme)),
        ("Duties", _duties(session, programme)),
        ("Obligations", _obligations(session, programme)),
        ("Meetings", _meetings(session, programme)),
        ("Documents", _documents(session, reads)),
        ("What happened", _entries(session, programme)),
    ]
    found = (_few(kind, hits, wanted) for kind, hits in kinds)
    return [each for each in found if each.hits]


def _few(kind: str, hits: Iterable[Hit], wanted: list[str]) -> Found:
    found = Found(kind)
    for hit in hits:
        if not _has(hit, wanted):
            continue
        if len(found.hits) == MOST:
            found.more = True
            break
        found.hits.append(hit)
    return found


def _has(hit: Hit, wanted: list[str]) -> bool:
    said = f"{hit.name} {hit.more} {hit.page}".casefold()
    return all(word in said for word in wanted)


def _countries(programme: Programme) -> Iterator[Hit]:
    for member in programme.members:
        body = words.name_of(programme, programme.task_force(member.code))
        yield Hit(member.name, f"/countries/{member.code}", body)


def _functions(programme: Programme) -> Iterator[Hit]:
    for function in programme.functions:
        yield Hit(function.name, f"/functions/{function.slug}", function.what)


def _duties(session: Session, programme: Programme) -> Iterator[Hit]:
    duties = {(f.slug, d.slug): (f.name, d.name) for f in programme.functions for d in f.duties}
    for holding in session.exec(select(Holding).order_by(Holding.id)):
        function, duty = duties.get((holding.function, holding.duty), ("", holding.duty))
        where = words.receiver_name(programme, holding.receiver)
        owner = words.name_of(programme, holding.owner)
        yield Hit(f"{duty}, {where}", f"/holdings/{holding.id}", f"{function}; owned by {owner}")


def _obligations(session: Session, programme: Programme) -> Iterator[Hit]:
    """What is still to be done first."""
    order = (col(Obligation.done_at).is_not(None), col(Obligation.do_by).desc())
    for obligation in session.exec(select(Obligation).order_by(*order)):
        body = words.name_of(programme, obligation.body)
        more = f"{body}; {'done' if obligation.done_at else f'by {obligation.due_on:%d %B %Y}'}"
        yield Hit(asked.title(programme, obligation), f"/obligations/{obligation.id}", more)


def _meetings(session: Session, programme: Programme) -> Iterator[Hit]:
    for som in session.exec(select(Som).order_by(col(Som.name).desc())):
        where = words.member_name(programme, som.host)
        yield Hit(f"{som.name} in {where}", f"/meetings/{som.name}", som.venue or "")
    for item in session.exec(select(AgendaItem).order_by(AgendaItem.id)):
        yield Hit(item.title, f"/meetings/{item.som}", f"item {item.number} of {item.som}")


def _documents(session: Session, reads: Callable[[Document], bool]) -> Iterator[Hit]:
    for document in session.exec(select(Document).order_by(col(Document.filed_at).desc())):
        if not reads(document):
            continue
        more = f"version {document.version}, {document.obligation}"
        yield Hit(document.name, f"/obligations/{document.obligation}", more)


def _entries(session: Session, programme: Programme) -> Iterator[Hit]:
    """Sentences of the newest entries; figures aside, whose small parts are not for everybody."""
    told = ~or_(*(col(Entry.kind).startswith(kind) for kind in ("figure.", "return.")))
    query = select(Entry).where(told).order_by(col(Entry.seq).desc()).limit(_LOOKED_AT)
    for entry in session.exec(query):
        sentence = words.sentence(programme, ledger.event(entry), entry.by)
        page = f"/ledger?before={(entry.seq or 0) + 1}#e{entry.seq}"
        yield Hit(sentence, page, f"{entry.at:%d %B %Y}")
