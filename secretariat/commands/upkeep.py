"""What the program could not do for its own keeping is told to who looks after it, once a day."""

from schemas.programme import Contact, Programme
from schemas.tables import Urgency
from secretariat.commands.office import Desk, Office
from secretariat.ownership import ENGINE

TEMPLATE = "upkeep"


def tell(office: Office, why: str) -> None:
    """Mail the operators, or the coordinator where there are none, that no backup was made."""
    with office.store.write() as session:
        desk = Desk(session, office.programme, office.clock.now(), ENGINE)
        contacts = _operators(office.programme) or desk.contacts(desk.bodies.steward, "head")
        for contact in contacts:
            idem_key = f"upkeep@{desk.now:%Y%m%d}>{contact.slug}"
            desk.mail(idem_key, contact, TEMPLATE, urgency=Urgency.ESCALATION, why=why)


def _operators(programme: Programme) -> list[Contact]:
    bodies = programme.operators()
    return [contact for contact in programme.contacts if contact.body in bodies]
