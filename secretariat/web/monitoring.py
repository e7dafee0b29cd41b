"""What watches over the program asks here: is it up, can it work, how is it doing?"""

from fastapi import APIRouter, Request, Response

from secretariat import ledger, shelf
from secretariat.clock import WallClock
from secretariat.commands.office import Office
from secretariat.rights import Right
from secretariat.web.signin import needs

router = APIRouter()
PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


@router.get("/health", dependencies=[needs(Right.READ_BOARD)])
def show_health(request: Request) -> dict[str, str]:
    """What each part says of itself; an answer means that the process lives."""
    health: dict[str, str] = request.app.state.parts.health()
    return health


@router.get("/ready", dependencies=[needs(Right.READ_BOARD)])
def show_readiness(request: Request) -> dict[str, int]:
    """Whether acts can be handed in: the store answers. Raises UnreachableError."""
    office: Office = request.app.state.parts.office
    with office.store.read() as session:
        return {"ledger": ledger.head(session).seq}


@router.get("/metrics", dependencies=[needs(Right.MONITOR)])
def show_metrics(request: Request) -> Response:
    """Figures for Prometheus, of the whole and of no person."""
    from secretariat.vitals import vitals  # noqa: PLC0415  it brings what Prometheus counts with

    parts = request.app.state.parts
    with parts.office.store.read() as session:
        backup = shelf.age(parts.settings.backups, WallClock().now())
        found = vitals(session, parts.office.clock.now(), parts.health(), backup)
    return Response(found, media_type=PROMETHEUS)
