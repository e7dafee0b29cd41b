"""An act from what somebody typed, with mistakes told in their words."""

import re
from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from secretariat.catalogues import marked
from secretariat.errors import BadInputError

A = TypeVar("A", bound=BaseModel)
MISSING = marked("this must be given")
NO_NUMBER = marked("this must be a whole number")
NO_DATE = marked("this is no date such as 2018-12-31")


def act_from(kind: type[A], **words: Any) -> A:
    """Raises BadInputError."""
    return checked(kind.model_validate, words)


def checked(validate: Callable[[dict[str, Any]], A], words: dict[str, Any]) -> A:
    """``validate(words)``. Raises BadInputError naming the first thing that is wrong."""
    try:
        return validate(words)
    except ValidationError as error:
        first = error.errors()[0]
    name = next((part for part in reversed(first["loc"]) if isinstance(part, str)), "act")
    match first["type"]:
        case "union_tag_invalid" | "union_tag_not_found":
            reason = f"there is no act “{words.get('act', '')}”"
        case "string_pattern_mismatch":
            like = ", like SOM14" if name == "som" else ": small letters, digits and hyphens"
            reason = f"“{first['input']}” is not written as it must be{like}"
        case "literal_error":
            # “<Phase.SHARED: 'shared'> or …” is for programmers
            known = re.findall(r"'([^']*)'", first["ctx"]["expected"])
            reason = f"this must be {' or '.join(known)}"
        case "missing" | "string_too_short":
            reason = MISSING
        case "string_too_long":
            raise BadInputError(
                marked("{name}: this may have at most {most} characters."),
                name=name,
                most=first["ctx"]["max_length"],
            )
        case "int_parsing" | "int_from_float":
            reason = NO_NUMBER
        case "date_from_datetime_parsing" | "date_from_datetime_inexact":
            reason = NO_DATE
        case "extra_forbidden":
            reason = "this act takes no such thing"
        case _:
            reason = str(first["msg"]).removeprefix("Value error, ")
    raise BadInputError(marked("{name}: {reason}."), name=name, reason=reason)
