"""Pages of the documentation that are printed from code and tables, so that they stay true."""

from collections.abc import Callable, Mapping

from benchmarks import report
from docs.printing import life_cycle, reference, tables

PAGES: Mapping[str, Callable[[], str]] = {
    "life-cycle.md": life_cycle.page,
    "requirements.md": tables.requirements,
    "asvs.md": tables.asvs,
    "benchmarks.md": report.page,
    "reference/cli.md": reference.commands,
    "reference/settings.md": reference.settings,
    "reference/acts.md": reference.acts,
    "reference/events.md": reference.events,
    "reference/api.md": reference.api,
}
"""By its path in ``docs``, what prints each page."""
