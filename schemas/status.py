"""Where the handover stands, as ``secretariat status --json`` prints it."""

from datetime import datetime

from pydantic import BaseModel

from schemas.phase import Phase, Transferred


class HoldingStatus(BaseModel):
    duty: str
    receiver: str
    owner: str
    phase: Phase


class FunctionStatus(BaseModel):
    slug: str
    name: str
    transferred: Transferred
    holdings: list[HoldingStatus]
    open: list[str]
    next_deadline: datetime | None
    late: int


class Status(BaseModel):
    """``at`` and ``next_deadline`` are instants in UTC; ``late`` counts obligations."""

    at: datetime
    functions: list[FunctionStatus]

    def count(self, transferred: Transferred) -> int:
        return sum(function.transferred == transferred for function in self.functions)
