"""Can these templates write every mail? Tried in a process of its own, which may come to harm.

Reads ``{"sources": {file: text}, "programme": …}``, writes a line for each mail when it begins and
another when it is through, with the mistake it met. A template that takes more than a second or
64 MB ends this process, and so tells which it was.
"""

import json
import math
import resource
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

from jinja2 import TemplateSyntaxError, meta, nodes

from notifications.rendering import Sandbox, own_first, render
from notifications.samples import samples
from schemas.programme import Programme
from secretariat.languages import language_of

SECONDS = 1
OCTETS = 64 * 2**20

Mistake = tuple[str, int, str]
"""File, line and what is wrong there."""


def main() -> None:
    asked = json.load(sys.stdin)
    programme = Programme.model_validate(asked["programme"])
    for name in asked["names"]:
        print(json.dumps([name]), flush=True)  # noqa: T201
        _limit()
        mistake = first_mistake(asked["sources"], programme, name)
        print(json.dumps([name, mistake]), flush=True)  # noqa: T201


def first_mistake(sources: dict[str, str], programme: Programme, name: str) -> Mistake | None:
    """What one mail meets first, in any of its cases, when these templates write it."""
    sandbox, cases = Sandbox(own_first(sources)), samples(programme)[name]
    file = f"{name}.txt"
    try:
        for file in (f"{name}.txt", f"{name}.html"):
            if file in sources:
                known = set.intersection(*(set(case) for case in cases))
                for line, word in _unknown_words(sandbox, sources[file], known):
                    return file, line, f"there is no “{word}” in this mail"
            for case in cases:
                render(file, language_of(programme.language), case, sandbox)
    except TemplateSyntaxError as error:
        return error.name or file, error.lineno, str(error.message)
    except MemoryError:
        return file, 1, "writing this mail takes more than 64 MB"
    except RecursionError as error:
        return *(_place(error, sources) or (file, 1)), "a template includes itself"
    except Exception as error:
        return *(_place(error, sources) or (file, 1)), str(error) or type(error).__name__
    return None


def _limit() -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    soonest = math.ceil(used.ru_utime + used.ru_stime) + SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (soonest, resource.RLIM_INFINITY))
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + OCTETS
    resource.setrlimit(resource.RLIMIT_AS, (most, resource.RLIM_INFINITY))


def _unknown_words(sandbox: Sandbox, source: str, known: set[str]) -> Iterator[tuple[int, str]]:
    """Words no case of the mail has, also where no case comes by."""
    tree = sandbox.parse(source)
    unknown = meta.find_undeclared_variables(tree) - known - set(sandbox.globals) - {"language"}
    for found in tree.find_all(nodes.Name):
        if found.name in unknown and found.ctx == "load":
            yield found.lineno, found.name


def _place(error: Exception, sources: dict[str, str]) -> tuple[str, int] | None:
    """File and line of the innermost of the programme's templates that was at work."""
    at = [(f.filename, f.lineno or 1) for f in traceback.extract_tb(error.__traceback__)]
    return next((place for place in reversed(at) if place[0] in sources), None)


if __name__ == "__main__":
    main()
