"""What may the holder of a mailed link do? One act on one object, until it expires."""

import secrets
from datetime import datetime

from itsdangerous import BadSignature, URLSafeSerializer
from sqlmodel import Session

from schemas.tables import Link
from secretariat.errors import ExpiredError, UnknownError

NOT_VALID = "This link is not valid. Open it from the mail it came with, or ask for a new one."


class Links:
    """Mints and opens links with the installation's key (kept outside the database)."""

    def __init__(self, key: str, base_url: str) -> None:
        self._signer = URLSafeSerializer(key, salt="secretariat.link")
        self._base_url = base_url

    def mint(
        self, session: Session, purpose: str, subject: str, contact: str, expires_at: datetime
    ) -> str:
        """A new URL for one purpose; 144 random bits, and a row that can be revoked."""
        link = Link(
            id=secrets.token_urlsafe(18),
            purpose=purpose,
            object=subject,
            contact=contact,
            expires_at=expires_at,
        )
        session.add(link)
        return f"{self._base_url}/link/{self._signer.dumps(link.id)}"

    def page(self, path: str) -> str:
        """The URL of a page of the board, for mails that ask nothing."""
        return f"{self._base_url}/{path}"

    def find(self, session: Session, token: str) -> Link:
        """The link a token stands for. Raises UnknownError: it was altered, or is not ours."""
        try:
            link = session.get(Link, self._signer.loads(token))
        except BadSignature:
            link = None
        if link is None:
            raise UnknownError(NOT_VALID)
        return link


def check_unexpired(link: Link, now: datetime) -> None:
    """Raises ExpiredError."""
    if link.expires_at <= now:
        raise ExpiredError(
            f"This link expired on {link.expires_at:%d %B %Y}. Ask the secretariat for a new one."
        )
