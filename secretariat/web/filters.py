"""Which functions of the board does the reader want to see? By the query of its address."""

from dataclasses import dataclass

from fastapi import Request

from schemas.phase import Phase
from schemas.programme import Member, Programme
from secretariat.board import Row


@dataclass(frozen=True)
class Wanted:
    """Empty is everything. A country also leaves out the columns of the others."""

    country: str = ""
    phase: str = ""
    owner: str = ""
    late: bool = False

    def __bool__(self) -> bool:
        return bool(self.country or self.phase or self.owner or self.late)

    def members(self, programme: Programme) -> list[Member]:
        return [m for m in programme.members if self.country in ("", m.code)]

    def fits(self, row: Row) -> bool:
        if not (self.country or self.phase):
            owned = self.owner in ("", *row.owners)
            return owned and not (self.late and not row.late)
        return any(
            self.phase in ("", cell.phase)
            and self.owner in ("", *cell.owners)
            and not (self.late and not cell.late)
            for code, cell in row.cells.items()
            if self.country in ("", code)
        )


def wanted(request: Request, programme: Programme) -> Wanted:
    """What nobody could choose is no filter: an old address still shows the board."""
    asked = request.query_params
    country, phase, owner = (asked.get(name, "") for name in ("country", "phase", "owner"))
    return Wanted(
        country=country if programme.member(country) else "",
        phase=phase if phase in set(Phase) else "",
        owner=owner if programme.body(owner) else "",
        late=asked.get("late") == "1",
    )
