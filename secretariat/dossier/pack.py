"""What do those who meet take along? The agenda pack: facts, agenda, papers, who comes."""

import re
from collections.abc import Callable, Iterator

from sqlmodel import Session

from schemas.meeting_tables import Document, StoredFile
from secretariat import filetypes, meeting_words, words
from secretariat.dossier.common import proof
from secretariat.dossier.shapes import Facts, Section
from secretariat.dossier.view import View, capital, in_words, section, table
from secretariat.meeting import ItemSeen, MeetingSeen

NOT_YET = "It is handed in and not yet circulated."
LONGEST = 40_000
"""Letters of one paper that are printed; whatever is longer is read from its file."""
_NO_WORD = re.compile(r"\S{100}(?=\S)")


def sections(
    view: View, seen: MeetingSeen, files: Session, reads: Callable[[Document], bool]
) -> tuple[Section, ...]:
    """``reads`` says which papers are the reader's to see.

    ``files`` reads the store of now: a paper's text is kept beside the ledger.
    """
    return (
        section("The meeting", Facts(tuple(_facts(view, seen)))),
        _agenda(view, seen),
        _documents(view, seen),
        _delegations(view, seen),
        _statement(view, seen),
        *_plans(seen),
        *_decisions(view, seen),
        *_texts(seen, files, reads),
        proof(view),
    )


def _facts(view: View, seen: MeetingSeen) -> Iterator[tuple[str, str]]:
    yield "Host", words.member_name(view.programme, seen.som.host)
    yield "Date", capital(meeting_words.when(seen.anchor))
    yield "Venue", seen.som.venue or "Not named yet"
    if seen.term:
        chair = words.member_name(view.programme, seen.term.member)
        yield "Chair", f"{chair}, {seen.term.agreement}ly agreed"
    for move in seen.moves:
        yield "Postponed", meeting_words.moved(view.programme, move)
        if move.source:
            yield "Source", move.source
    if seen.som.closed_at:
        yield "Closed", view.day(seen.som.closed_at)


def _agenda(view: View, seen: MeetingSeen) -> Section:
    rows = (
        (
            str(one.item.number),
            one.item.title + _came_from(one),
            view.name(one.item.presenter) if one.item.presenter else "",
            capital(one.state),
        )
        for one in seen.items
        if one.item.stands
    )
    columns = {"No.": 8, "Item": 50, "Presented by": 26, "Paper": 24}
    return section("Agenda", table(columns, rows, "No item is on the agenda yet."))


def _came_from(one: ItemSeen) -> str:
    before = one.item.carried_from
    came = f"\nfrom {before.partition('/')[0]}, which did not reach it" if before else ""
    return came + (" (inferred)" if one.inferred else "")


def _documents(view: View, seen: MeetingSeen) -> Section:
    """The newest version of each, as it can be told from any copy by its digest."""
    rows = (
        (
            f"{obligation.title}\n{view.name(obligation.body)}",
            documents[0].name,
            f"{documents[0].version}, of {view.day(documents[0].filed_at)}",
            documents[0].sha256,
        )
        for obligation, documents, _ in seen.handed_in
        if documents
    )
    columns = {"Document": 34, "File": 24, "Version": 18, "SHA-256": 30}
    missing = tuple(
        (
            obligation.title,
            view.name(obligation.body),
            view.last_day(obligation.do_by, obligation.body),
        )
        for obligation, documents, _ in seen.handed_in
        if not documents and obligation.done_at is None
    )
    still = {"Still to be handed in": 50, "Asked of": 30, "Do by": 20}
    return section(
        "Documents",
        table(columns, rows, "No document is handed in yet."),
        *([table(still, missing, "")] if missing else []),
    )


def _delegations(view: View, seen: MeetingSeen) -> Section:
    rows = (
        (
            view.name(one.obligation.body),
            str(one.delegation.count) if one.delegation else "not named yet",
            "yes" if one.delegation and one.delegation.with_head else "",
        )
        for one in sorted(seen.delegations, key=lambda one: view.name(one.obligation.body))
    )
    columns = {"Delegation": 40, "How many": 20, "Head named": 20}
    return section("Delegations", table(columns, rows, "No delegation is asked for yet."))


def _statement(view: View, seen: MeetingSeen) -> Section:
    told = [capital(meeting_words.statement(view.programme, one)) + "." for one in seen.statement]
    reasons = [
        f"{view.name(objection.body)}: {objection.reason}"
        for one in seen.statement
        for objection in one.objections
    ]
    return section("Joint statement", *(told or ["No draft is circulated yet."]), *reasons)


def _plans(seen: MeetingSeen) -> Iterator[Section]:
    """Both plans, where the meeting was put off."""
    if not seen.moves:
        return
    effects = tuple((one.about, f"{one.said} {one.why}".strip()) for one in seen.effects)
    rows = (
        (
            f"{step.dated.function}: {step.dated.title}",
            in_words(step.dated.was),
            in_words(step.dated.now),
        )
        for step in seen.steps
    )
    columns = {"Step": 60, "First planned": 20, "Now": 20}
    yield section("What the postponement set off", Facts(effects), table(columns, rows, ""))


def _decisions(view: View, seen: MeetingSeen) -> Iterator[Section]:
    rows = tuple(
        (
            str(one.decision.number),
            one.decision.text,
            view.name(one.decision.body),
            in_words(one.obligation.due_on) if one.obligation else "",
            capital(one.state),
        )
        for one in seen.decisions
    )
    columns = {"No.": 8, "Decision": 44, "Asked of": 22, "Do by": 16, "State": 16}
    if rows:
        yield section("Decisions", table(columns, rows, ""))


def _texts(
    seen: MeetingSeen, files: Session, reads: Callable[[Document], bool]
) -> Iterator[Section]:
    """Papers that are plain text, whole; others come as files of their own."""
    for obligation, documents, _ in seen.handed_in:
        if documents and filetypes.ending(documents[0].name) in filetypes.TEXT:
            whole = _paragraphs(documents[0], files) if reads(documents[0]) else (NOT_YET,)
            yield section(obligation.title, *whole)


def _paragraphs(document: Document, files: Session) -> Iterator[str]:
    kept = files.get(StoredFile, document.sha256)
    if kept is None:
        yield f"{document.name} is no longer kept here."
        return
    text = kept.content.decode("utf-8-sig").replace("\r\n", "\n").replace("\t", "    ")
    text = _NO_WORD.sub(lambda word: f"{word[0]}\u200b", text)
    for paragraph in text[:LONGEST].split("\n\n"):
        if paragraph.strip():
            yield paragraph.strip("\n").replace("\f", "\n")
    if len(text) > LONGEST:
        yield f"The rest is in the file {document.name}."
