"""Reading the files people write, so that each mistake is named with its line."""

from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from schemas.acts import History
from schemas.coherence import contradictions
from schemas.programme import Place, Programme
from schemas.reach import unreached
from secretariat.errors import BadInputError

SHIPPED = Path(__file__).parent / "programmes"
Shape = TypeVar("Shape", bound=BaseModel)


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML with words kept as words: the schema knows what is a date, a number or a truth value."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag.endswith((":null", ":merge"))]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load_programme(path: Path) -> Programme:
    """The programme in a file. Raises BadInputError with file, line and reason of each mistake."""
    node, programme = _load(path, Programme)
    found = chain(contradictions(programme), unreached(programme))
    mistakes = [_located(path, node, place, words) for place, words in found]
    _refuse(mistakes)
    return programme


def load_history(path: Path) -> History:
    """Dated acts in a file. Raises BadInputError with file, line and reason of each mistake."""
    node, history = _load(path, History)
    _refuse(
        [
            _located(path, node, ("acts", i + 1, "at"), "earlier than the act before it")
            for i, (before, act) in enumerate(zip(history.acts, history.acts[1:], strict=False))
            if act.at < before.at
        ]
    )
    return history


def _load(path: Path, shape: type[Shape]) -> tuple[yaml.Node, Shape]:
    node, data = _parse(path)
    try:
        return node, shape.model_validate(data)
    except ValidationError as error:
        _refuse([_located(path, node, e["loc"], _words(e)) for e in error.errors()])
        raise


def _parse(path: Path) -> tuple[yaml.Node, Any]:
    try:
        loader = _Loader(path.read_text(encoding="utf-8-sig"))
        node = loader.get_single_node()
        if not isinstance(node, yaml.MappingNode):
            raise BadInputError(f"{path}: this is not a file of keys and values.")
        _refuse(_bad_keys(path, node))
        return node, loader.construct_document(node)
    except OSError as error:
        raise BadInputError(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise BadInputError(f"{path} is not UTF-8 text.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error)
        if "cannot start any token" in problem:
            problem = "this cannot start a value; a tab, say, cannot indent YAML: use spaces"
        raise BadInputError(f"{path}{line}: {problem}.") from None
    except RecursionError:
        raise BadInputError(f"{path}: this nests too deeply; does a list contain itself?") from None


def _bad_keys(path: Path, node: yaml.Node, known: set[int] | None = None) -> list[str]:
    """Keys that are no words or stand twice; what several places share is looked at once."""
    mistakes: list[str] = []
    known = set() if known is None else known
    if id(node) in known:
        return mistakes
    known.add(id(node))
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            place = f"{path}:{key.start_mark.line + 1}"
            if not isinstance(key, yaml.ScalarNode):
                mistakes.append(f"{place}: a key is a single word; put braces in words into quotes")
            elif key.value in seen:
                mistakes.append(f"{place}: the key “{key.value}” stands twice")
            else:
                seen.add(key.value)
            mistakes += _bad_keys(path, value, known)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            mistakes += _bad_keys(path, value, known)
    return mistakes


def _located(path: Path, node: yaml.Node, place: Place, words: str) -> str:
    """``file:line: functions → 3 → slug: words``, the line of the deepest part that exists."""
    known: list[str] = []
    line = node.start_mark.line + 1
    for part in place:
        child = _child(node, part)
        if child is not None:
            mark, node = child
            line = mark.line + 1
            known.append(str(part + 1 if isinstance(part, int) else part))
        elif isinstance(node, yaml.MappingNode) and part == place[-1]:
            known.append(str(part))
    return f"{path}:{line}: {' → '.join(known)}: {words}"


def _child(node: yaml.Node, part: str | int) -> tuple[yaml.Mark, yaml.Node] | None:
    """Where a part begins, at its key if it has one, and the part itself."""
    if isinstance(node, yaml.MappingNode):
        found = ((key.start_mark, value) for key, value in node.value if key.value == part)
        return next(found, None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part].start_mark, node.value[part]
    return None


def _words(error: Any) -> str:
    match error["type"]:
        case "extra_forbidden":
            return "there is no such key here"
        case "missing":
            return "this key is missing"
        case "timezone_aware":
            return f"the time {error['input']} has no zone; write it like 2018-03-01T09:00+07:00"
        case "string_pattern_mismatch":
            return f"“{error['input']}” is not written as it must be ({error['ctx']['pattern']})"
        case _:
            return str(error["msg"]).removeprefix("Value error, ")


def _refuse(mistakes: list[str]) -> None:
    if mistakes:
        raise BadInputError("\n".join(mistakes))
