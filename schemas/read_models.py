"""Which tables are made from the ledger, and only from it?"""

from schemas.figure_tables import StageReport, Statement
from schemas.meeting_tables import (
    AgendaItem,
    Decision,
    Delegation,
    Document,
    Objection,
    Silence,
)
from schemas.return_tables import FigureReturn
from schemas.tables import (
    Absence,
    Cycle,
    Ending,
    Holding,
    Item,
    Obligation,
    PlannedMilestone,
    PostHeld,
    Review,
    Som,
    Support,
    Term,
)
from schemas.turn_tables import PassedTurn, Swap

READ_MODELS = (
    Holding,
    Item,
    Review,
    Support,
    Ending,
    PostHeld,
    Absence,
    Som,
    Term,
    Cycle,
    PlannedMilestone,
    Obligation,
    Statement,
    StageReport,
    PassedTurn,
    Swap,
    FigureReturn,
    AgendaItem,
    Document,
    Delegation,
    Silence,
    Objection,
    Decision,
)
