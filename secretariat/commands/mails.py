"""Acts on mails: held back, let go, tried again."""

from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select

from schemas.acts import HoldMail, ReleaseMail, RetryMail
from schemas.tables import Mail
from secretariat.catalogues import marked
from secretariat.commands.office import Desk, handles
from secretariat.errors import ConflictError
from secretariat.readmodels import row

STEERS = "secretariat chair"
UNSENT = ("waiting", "unknown")
NOT_ARRIVED = ("bounced", "refused", "suppressed", "expired")
SOONEST = timedelta(minutes=1)
"""Between two mails of one kind to who asks for them; after ``MANY`` in an hour, ``LATER``."""
MANY, LATER = 10, timedelta(minutes=5)


@handles(HoldMail, may=STEERS)
def hold_mail(desk: Desk, act: HoldMail) -> None:
    mail = row(desk.session, Mail, act.mail)
    if mail.state == "held":
        return
    if mail.state not in UNSENT:
        raise ConflictError(
            marked("Mail {id} is {state}; only what waits can be held."),
            id=mail.id,
            state=mail.state,
        )
    mail.state, mail.reply = "held", act.reason
    desk.record("mail.held", str(mail.id), reason=act.reason)


@handles(ReleaseMail, may=STEERS)
def release_mail(desk: Desk, act: ReleaseMail) -> None:
    mail = row(desk.session, Mail, act.mail)
    if mail.state in UNSENT:
        return
    if mail.state != "held":
        raise ConflictError(marked("Mail {id} is {state}, not held."), id=mail.id, state=mail.state)
    mail.state, mail.reply = "waiting", ""
    desk.record("mail.released", str(mail.id))


@handles(RetryMail, may=STEERS)
def retry_mail(desk: Desk, act: RetryMail) -> None:
    """A mail that ended stays as it is: the history is not rewritten, a new mail is asked for."""
    mail = row(desk.session, Mail, act.mail)
    if mail.state == "held":
        raise ConflictError(marked("Mail {id} is held; release it."), id=mail.id)
    if mail.state in UNSENT:
        mail.not_before = min(mail.not_before, desk.now)
    elif mail.state in NOT_ARRIVED:
        _ask_anew(desk, mail)
    else:
        raise ConflictError(
            marked("Mail {id} is {state}; there is nothing to try again."),
            id=mail.id,
            state=mail.state,
        )
    desk.record("mail.retried", str(mail.id))


def _ask_anew(desk: Desk, mail: Mail) -> None:
    """The same mail once more, written for whoever answers now."""
    again = f"{mail.idem_key}!"
    count = select(func.count()).where(col(Mail.idem_key).startswith(again, autoescape=True))
    desk.session.add(
        Mail(
            idem_key=f"{again}{desk.session.exec(count).one() + 1}",
            asked_at=desk.now,
            not_before=desk.now,
            urgency=mail.urgency,
            contact=mail.contact,
            role=mail.role,
            template=mail.template,
            obligation=mail.obligation,
            holding=mail.holding,
            context=mail.context,
        )
    )


def is_too_soon(session: Session, contact: str, template: str, now: datetime) -> bool:
    """Whether a mail that leaves at once was asked for a moment ago, or again and again."""
    query = select(Mail.asked_at).where(
        Mail.contact == contact,
        Mail.template == template,
        Mail.asked_at > now - timedelta(hours=1),
    )
    asked = session.exec(query.order_by(col(Mail.asked_at).desc())).all()
    pause = LATER if len(asked) >= MANY else SOONEST
    return bool(asked) and now - asked[0] < pause
