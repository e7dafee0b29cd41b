"""Has anything happened since? Told to open pages as it happens (server-sent events)."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import suppress

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from secretariat import board, ledger
from secretariat.bell import Bell
from secretariat.commands.office import Office
from secretariat.errors import SecretariatError, UnreachableError
from secretariat.rights import Right
from secretariat.store import Store, open_store
from secretariat.web.signin import needs

router = APIRouter()
MOST = 200
"""Pages that are told; the others are as current as when they were opened."""
HEARTBEAT = 20.0  # seconds; what stands between us and a browser drops a silent line
_WAIT = 5.0  # seconds after which the thread looks whether anybody still listens


class Listeners:
    """The pages that are told. One thread waits at the bell for all, while there are any."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: set[asyncio.Event] = set()
        self._thread: threading.Thread | None = None
        self._ended = False

    def is_full(self) -> bool:
        return len(self._waiting) >= MOST

    async def rings(self) -> AsyncIterator[None]:
        """One at once, one whenever something was written, one when nothing was for a while."""
        rung = asyncio.Event()
        self._waiting.add(rung)
        try:
            while not self._ended:
                yield
                self._watch_on(asyncio.get_running_loop())
                with suppress(TimeoutError):
                    await asyncio.wait_for(rung.wait(), HEARTBEAT)
                rung.clear()
        finally:
            self._waiting.discard(rung)

    def end(self) -> None:
        """The program ends: nobody is told any more. For the thread the pages are served on."""
        self._ended = True
        self._ring()

    def _watch_on(self, loop: asyncio.AbstractEventLoop) -> None:
        """Asked again and again, as the thread may just be ending when somebody comes."""
        self._loop = loop
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._watch, name="listeners", daemon=True)
            self._thread.start()

    def _watch(self) -> None:
        """With a store of its own, as whoever waits for ours would miss what we heard."""
        bell = Bell(open_store(self._url))
        while self._waiting and self._loop and not self._loop.is_closed():
            bell.wait(_WAIT)
            self._loop.call_soon_threadsafe(self._ring)
        bell.close()

    def _ring(self) -> None:
        for rung in self._waiting:
            rung.set()


@router.get("/events", dependencies=[needs(Right.READ_BOARD)])
async def tell(request: Request) -> Response:
    """A line for each time something happened. Raises UnreachableError: too many listen already."""
    office: Office = request.app.state.parts.office
    listeners: Listeners = request.app.state.listeners
    if listeners.is_full():
        raise UnreachableError("Too many pages are told already. Load this one again to see more.")
    lines = _lines(listeners, office.store)
    return StreamingResponse(
        lines, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"}
    )


async def _lines(listeners: Listeners, store: Store) -> AsyncIterator[str]:
    last = None
    async for _ in listeners.rings():
        now = await run_in_threadpool(_mark, store)
        if last is None:
            yield "retry: 10000\n\n"
        else:
            yield "event: changed\ndata: \n\n" if now != last else ": still here\n\n"
        last = now


def _mark(store: Store) -> object:
    """What is another when pages are: the last entry, and how far work under way is."""
    try:
        with store.read() as session:
            under_way = [(run.key, run.state, len(run.steps)) for run in board.runs(session)]
            return ledger.head(session), under_way
    except SecretariatError:
        return "the store does not answer"
