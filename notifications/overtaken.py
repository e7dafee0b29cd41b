"""Why need a mail no longer be sent? What it tells of may have happened since it was asked for."""

from sqlmodel import Session, col, select

from schemas.phase import Standing
from schemas.tables import Holding, Mail, Obligation, Som
from secretariat import ladder
from secretariat.commands import digests, reminders


def overtaken(session: Session, mail: Mail) -> str:
    """The reason in words; empty while the mail must still be sent."""
    if mail.template == "digest":
        parts = [session.get_one(Mail, key) for key in mail.context["mails"]]
        return "" if still_needed(session, parts) else "all in it was done before it was sent"
    if mail.template in digests.TEMPLATES and digests.stopped(
        session, mail.contact, mail.not_before
    ):
        return "no digests are wanted there"
    if mail.template == "obligation" and mail.obligation:
        return _past(session.get(Obligation, mail.obligation), mail.context.get("step", ""))
    if mail.template == "meeting":
        som = session.get(Som, mail.context["som"])
        said = mail.context["anchor"], mail.context.get("venue") or None
        same = som is not None and (som.anchor, som.venue) == said
        return "" if same else "changed again before it was sent"
    if mail.holding and mail.context.get("kind") == "holding.offered":
        holding = session.get(Holding, mail.holding)
        open_still = holding and holding.standing == Standing.OFFERED
        return "" if open_still else "answered before it was sent"
    return ""


def still_needed(session: Session, mails: list[Mail]) -> list[Mail]:
    _at_hand = _asked(session, mails)  # fetched at once, so that ``overtaken`` need not for each
    return [mail for mail in mails if not overtaken(session, mail)]


def _asked(session: Session, mails: list[Mail]) -> list[Obligation]:
    about = {mail.obligation for mail in mails if mail.obligation}
    query = select(Obligation).where(col(Obligation.id).in_(about))
    return list(session.exec(query)) if about else []


def _past(obligation: Obligation | None, name: str) -> str:
    """Why a step of an obligation need not be told of any more."""
    if obligation is None:
        return "released before it was sent"
    if obligation.done_at:
        return "done before it was sent"
    steps = reminders.rungs_of(obligation).steps
    step = next((step for step in steps if step.name == name), None)
    acknowledged = obligation.acknowledged_at is not None
    if step and not ladder.still_due(step, acknowledged=acknowledged, done=False):
        return "acknowledged before it was sent"
    return ""
