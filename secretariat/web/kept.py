"""Was this page just shown, and has nothing changed since? Then it is shown again as it was."""

import asyncio
from collections.abc import Awaitable, Callable
from threading import Lock
from typing import cast
from weakref import WeakValueDictionary

from cachetools import TTLCache
from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from secretariat.commands.office import Office
from secretariat.marks import Marks
from secretariat.web.places import looks_back

LASTS = 10  # seconds; a page also says what no store knows, such as whether Prefect is up
MOST = 200
_SENT = ("cookie", "authorization", "accept-language")
Key = tuple[object, ...]
Page = tuple[bytes, dict[str, str]]


class Kept:
    """The board's pages as they were last shown, each for whoever sends the same as its reader.

    The key holds all that a page follows from: what was sent, the store, and the office's time.
    """

    def __init__(self, office: Office) -> None:
        self._office, self._marks = office, Marks(office.store)
        self._pages: TTLCache[Key, Page] = TTLCache(MOST, LASTS)
        self._lock = Lock()
        self._making: WeakValueDictionary[Key, asyncio.Lock] = WeakValueDictionary()

    async def shown(
        self, request: Request, answer: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        """The answer to a request; of many that ask for one page at once, only one makes it."""
        if request.method != "GET" or not looks_back(request.url.path):
            return await answer(request)
        key = await run_in_threadpool(self._key, request)
        if key is None:
            return await answer(request)
        async with self._making.setdefault(key, asyncio.Lock()):
            with self._lock:
                page = self._pages.get(key)
            return _as_it_was(page) if page else await self._made(key, request, answer)

    def _key(self, request: Request) -> Key | None:
        mark = self._marks.now()
        if mark is None:
            return None
        time = self._office.clock.now().timestamp() // LASTS
        sent = (request.headers.get(name) for name in _SENT)
        return (mark, time, request.url.path, request.url.query, *sent)

    async def _made(
        self, key: Key, request: Request, answer: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        response = await answer(request)
        is_page = response.headers.get("content-type", "").startswith("text/html")
        if response.status_code != 200 or not is_page or "set-cookie" in response.headers:
            return response
        parts = cast(StreamingResponse, response).body_iterator
        content = b"".join([bytes(cast(bytes, part)) async for part in parts])
        page = content, dict(response.headers)
        with self._lock:
            self._pages[key] = page
        return _as_it_was(page)


def _as_it_was(page: Page) -> Response:
    content, headers = page
    return Response(content, headers=headers)
