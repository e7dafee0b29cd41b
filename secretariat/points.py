"""Where may the program die without harm? Named points; nothing happens there but in tests."""

from collections.abc import Callable

on_reaching: Callable[[str], object] | None = None


def reached(point: str) -> None:
    """Say that the work has come to ``point``; a test may end the process, or raise, here."""
    if on_reaching:
        on_reaching(point)
