"""What every part of a programme file is made of."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]


class Part(BaseModel):
    """A part of the file: unknown keys are errors, because a misspelt key is a lost intention."""

    model_config = ConfigDict(extra="forbid", frozen=True)
