"""Who may do what? Every right of every role, in one table; docs/rights.md is printed from it.

The handover is public among its parties, so what it says of duties, days, figures and the chair is
open to whoever reaches the board. Closed is what is not yet said (drafts), what was said to one
reader (mails), what is about a person (names, mailboxes), and whatever changes anything.
"""

from collections.abc import Collection, Container
from enum import StrEnum

from schemas.act import Act
from schemas.acts import (
    AgreeChair,
    CloseSom,
    EndBody,
    HoldPost,
    RestoreBody,
    RevokeLinks,
    TakeChair,
    TakeCustody,
)
from schemas.programme import Contact, Programme
from schemas.scope import Scope
from secretariat.catalogues import marked
from secretariat.rotation import Troika


class Role(StrEnum):
    NOBODY = marked("nobody signed in")
    OBSERVER = marked("observer")
    TASK_FORCE = marked("task force")
    WAITING = marked("chair's office out of turn")
    TROIKA = marked("chair before or after")
    CHAIR = marked("chair in office")
    STAFF = marked("secretariat")
    ADMIN = marked("operator")


class Right(StrEnum):
    READ_BOARD = marked("read the board: functions, duties, days, figures, chair, ledger")
    USE_LINK = marked("open a mailed link, which itself says what it is good for")
    SIGN_IN = marked("sign in and out")
    HAVE_ACCOUNT = marked("see one's sessions and second factors")
    READ_COUNTS = marked("read counts too small to be told in public")
    READ_PAPERS = marked("read what is circulated for a meeting")
    READ_DRAFTS = marked("read what is handed in and not yet circulated")
    READ_ADDRESSES = marked("read mailboxes")
    READ_NAMES = marked("read who is named for a meeting")
    READ_MAILS = marked("read mails")
    READ_CAUGHT = marked("read mail caught here, with the links in it; in a demo anybody does")
    ACT = marked("act for a body")
    STEER = marked("plan meetings, look ahead in the mail, start work")
    SET_UP = marked("set the program up: its first steps, a test mail")
    MONITOR = marked("read how the program itself is doing")
    ADMINISTER = marked("look after accounts, keys and webhooks")


class Over(StrEnum):
    """How far a right reaches: nothing, what is of one's own body and member, or everything."""

    NONE = "–"
    OWN = "own"
    ALL = "all"


NONE, OWN, ALL = Over
_EVERYBODY = (ALL,) * len(Role)

#                        nobody observer force  waiting troika chair staff operator
TABLE: dict[Right, dict[Role, Over]] = {
    right: dict(zip(Role, reaches, strict=True))
    for right, reaches in {
        Right.READ_BOARD: _EVERYBODY,
        Right.USE_LINK: _EVERYBODY,
        Right.SIGN_IN: _EVERYBODY,
        Right.HAVE_ACCOUNT: (NONE, OWN, OWN, OWN, OWN, OWN, OWN, OWN),
        Right.READ_COUNTS: (NONE, NONE, ALL, ALL, ALL, ALL, ALL, NONE),
        Right.READ_PAPERS: (NONE, ALL, ALL, ALL, ALL, ALL, ALL, NONE),
        Right.READ_DRAFTS: (NONE, NONE, OWN, OWN, ALL, ALL, ALL, NONE),
        Right.READ_ADDRESSES: (NONE, NONE, ALL, ALL, ALL, ALL, ALL, ALL),
        Right.READ_NAMES: (NONE, NONE, OWN, NONE, NONE, ALL, ALL, NONE),
        Right.READ_MAILS: (NONE, NONE, OWN, OWN, OWN, ALL, ALL, NONE),
        Right.READ_CAUGHT: (NONE, NONE, NONE, NONE, NONE, NONE, NONE, ALL),
        Right.ACT: (NONE, NONE, OWN, NONE, NONE, OWN, OWN, NONE),
        Right.STEER: (NONE, NONE, NONE, NONE, NONE, ALL, ALL, NONE),
        Right.SET_UP: (NONE, NONE, NONE, NONE, NONE, NONE, ALL, ALL),
        Right.MONITOR: (NONE, NONE, NONE, NONE, NONE, NONE, ALL, ALL),
        Right.ADMINISTER: (NONE, NONE, NONE, NONE, NONE, NONE, NONE, ALL),
    }.items()
}

SCOPES: dict[Scope, frozenset[Right]] = {
    Scope.READ: frozenset(
        {
            Right.READ_COUNTS,
            Right.READ_PAPERS,
            Right.READ_DRAFTS,
            Right.READ_ADDRESSES,
            Right.READ_NAMES,
            Right.READ_MAILS,
        }
    ),
    Scope.ACT: frozenset({Right.ACT, Right.STEER}),
    Scope.MONITOR: frozenset({Right.MONITOR}),
}
"""What everybody may needs no scope; what is in none of them is not for programs."""

NEED_FACTOR = frozenset({Role.STAFF, Role.ADMIN})
"""Who is nobody until a second factor was given."""

SENSITIVE: tuple[type[Act], ...] = (
    AgreeChair,
    TakeChair,
    CloseSom,
    HoldPost,
    EndBody,
    RestoreBody,
    TakeCustody,
    RevokeLinks,
)
"""Acts that change who may act: they want a second factor given a short while ago."""


def role_of(
    programme: Programme, contact: Contact, troika: Troika, ended: Container[str] = ()
) -> Role:
    """What a contact is now: its body says so, and for the chair's office the rotation."""
    if contact.body in ended:
        return Role.OBSERVER
    body = programme.body(contact.body)
    assert body, "a programme whose contact has no body is refused"
    if body.kind == "chair":
        return _in_rotation(contact.member, troika)
    return {
        "secretariat": Role.STAFF,
        "task-force": Role.TASK_FORCE,
        "observer": Role.OBSERVER,
        "operator": Role.ADMIN,
    }[body.kind]


def _in_rotation(member: str | None, troika: Troika) -> Role:
    if member and member == troika.in_office:
        return Role.CHAIR
    return Role.TROIKA if member in (troika.outgoing, troika.incoming) else Role.WAITING


def over(role: Role, right: Right) -> Over:
    return TABLE[right][role]


def may(role: Role, right: Right) -> bool:
    """Whether the role has the right over anything at all."""
    return over(role, right) is not NONE


def scope_of(right: Right) -> Scope | None:
    """The scope a token needs to use a right; None: no scope has it."""
    return next((scope for scope, within in SCOPES.items() if right in within), None)


def scopes_for(role: Role) -> list[Scope]:
    """The scopes that let a program of somebody in the role do anything at all."""
    return [scope for scope, within in SCOPES.items() if any(may(role, each) for each in within)]


def in_scope(scopes: Collection[str] | None, right: Right) -> bool:
    """Whether a token's scopes let its contact use a right. None is no bound, as in a browser."""
    return scopes is None or may(Role.NOBODY, right) or scope_of(right) in scopes


def reaches(programme: Programme, reach: Over, own: Contact, body: str) -> bool:
    """Whether a contact's right that reaches so far reaches what is of ``body``."""
    return reach is ALL or (reach is OWN and body in own_bodies(programme, own))


def own_bodies(programme: Programme, contact: Contact) -> frozenset[str]:
    """The contact's body; the chair's office out of turn is its government's, so its task force."""
    if contact.body == programme.chair:
        return frozenset({programme.task_force(contact.member)} if contact.member else ())
    return frozenset({contact.body})


def as_markdown() -> str:
    """The table for people to read."""
    head = f"| right | {' | '.join(Role)} |"
    rows = [f"| {right} | {' | '.join(TABLE[right].values())} |" for right in Right]
    return "\n".join([head, f"|---{'|:---:' * len(Role)}|", *rows]) + "\n"


def scopes_as_markdown() -> str:
    """The scopes of tokens for people to read."""
    rows = [
        f"| `{scope}` | {'; '.join(right for right in Right if right in within)} |"
        for scope, within in SCOPES.items()
    ]
    return "\n".join(["| scope | lets a program |", "|---|---|", *rows]) + "\n"


if __name__ == "__main__":
    print(as_markdown(), scopes_as_markdown(), sep="\n")  # noqa: T201
