"""A person as typed in: checked here before it is kept."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from schemas.part import Slug
from schemas.texts import Address, Line


class PersonIn(BaseModel):
    """``email`` is None where mails go to the mailbox of the post."""

    model_config = ConfigDict(extra="forbid")

    slug: Slug
    name: Annotated[Line, StringConstraints(strip_whitespace=True, max_length=200)]
    email: Address | None = None
