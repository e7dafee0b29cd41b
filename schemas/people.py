"""A person as typed in: checked here before it is kept."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, EmailStr, StringConstraints

from schemas.programme import Slug


class PersonIn(BaseModel):
    """``email`` is None where mails go to the mailbox of the post."""

    model_config = ConfigDict(extra="forbid")

    slug: Slug
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
    email: EmailStr | None = None
