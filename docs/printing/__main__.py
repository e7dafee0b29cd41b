"""Writes every printed page; ``make pages`` calls it."""

from pathlib import Path

from docs.printing import PAGES

for path, page in PAGES.items():
    (Path(__file__).parent.parent / path).write_text(page(), encoding="utf-8")
