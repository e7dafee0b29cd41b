"""What does somebody have besides their mailbox? An authenticator's codes, a passkey, or paper."""

import base64
import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import pyotp
from sqlalchemy import ColumnElement
from sqlmodel import Session, col, delete, select

from schemas.account_tables import RecoveryCode, SecondFactor

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

SPARE = 10
"""How many recovery codes one is given."""
_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"  # without those taken for another on paper


@dataclass(frozen=True)
class Owner:
    """A contact, as long as one person holds its post: who follows brings factors of their own."""

    contact: str
    person: str | None


@dataclass(frozen=True)
class Seal:
    """Keeps secrets from who reads the store: its key stands in a file beside it."""

    key: str

    def close(self, secret: str) -> str:
        return self._box.encrypt(secret.encode()).decode()

    def open(self, sealed: str) -> str | None:
        """None: it was closed with another key, so nothing can match it."""
        from cryptography.fernet import InvalidToken  # noqa: PLC0415  few starts have a secret

        try:
            return self._box.decrypt(sealed.encode()).decode()
        except InvalidToken:
            return None

    @property
    def _box(self) -> "Fernet":
        from cryptography.fernet import Fernet  # noqa: PLC0415

        return Fernet(base64.urlsafe_b64encode(hashlib.sha256(self.key.encode()).digest()))


def of(session: Session, owner: Owner, kind: str | None = None) -> list[SecondFactor]:
    """The factors an owner has, the oldest first."""
    query = select(SecondFactor).where(*_of(SecondFactor, owner)).order_by(col(SecondFactor.id))
    return list(session.exec(query.where(SecondFactor.kind == kind) if kind else query))


def new_secret() -> str:
    return pyotp.random_base32()


def address_of(secret: str, owner: Owner, issuer: str) -> str:
    """What an authenticator reads from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=owner.contact, issuer_name=issuer)


def add_authenticator(
    session: Session, owner: Owner, seal: Seal, secret: str, code: str, now: datetime
) -> bool:
    """Keep an authenticator that has shown a right code; that code is spent."""
    step = _step_of(secret, code, now)
    if step is None:
        return False
    session.add(
        SecondFactor(
            contact=owner.contact, person=owner.person, kind="authenticator",
            secret=seal.close(secret), counter=step, made_at=now,
        )
    )  # fmt: skip
    return True


def accepts(session: Session, owner: Owner, seal: Seal, code: str, now: datetime) -> bool:
    """Whether a code is right: of an authenticator and not seen before, or a recovery code."""
    typed = "".join(code.split()).lower()
    for factor in of(session, owner, "authenticator"):
        secret = seal.open(factor.secret)
        step = _step_of(secret, typed, now) if secret else None
        if step is not None and step > factor.counter:
            factor.counter, factor.used_at = step, now
            return True
    kept = session.get(RecoveryCode, _hashed(owner, typed))
    if kept is None or kept.used_at or (kept.contact, kept.person) != (owner.contact, owner.person):
        return False
    kept.used_at = now
    return True


def new_recovery_codes(session: Session, owner: Owner) -> list[str]:
    """Codes good once each, in place of all earlier ones; the store has only their hashes."""
    session.exec(delete(RecoveryCode).where(*_of(RecoveryCode, owner)))
    codes = ["".join(secrets.choice(_LETTERS) for _ in range(16)) for _ in range(SPARE)]
    for code in codes:
        session.add(
            RecoveryCode(id=_hashed(owner, code), contact=owner.contact, person=owner.person)
        )
    return [" ".join(code[at : at + 4] for at in range(0, 16, 4)) for code in codes]


def recovery_codes_left(session: Session, owner: Owner) -> int:
    unused = select(RecoveryCode.id).where(
        *_of(RecoveryCode, owner), col(RecoveryCode.used_at).is_(None)
    )
    return len(session.exec(unused).all())


def forget_all(session: Session, contact: str) -> None:
    """For who has lost everything: they set up new ones at their next signing in."""
    session.exec(delete(SecondFactor).where(col(SecondFactor.contact) == contact))
    session.exec(delete(RecoveryCode).where(col(RecoveryCode.contact) == contact))


def _of(
    table: type[SecondFactor] | type[RecoveryCode], owner: Owner
) -> tuple[ColumnElement[bool], ...]:
    person = col(table.person)
    return (
        col(table.contact) == owner.contact,
        person.is_(None) if owner.person is None else person == owner.person,
    )


def _step_of(secret: str, code: str, now: datetime) -> int | None:
    """The half minute a code is of: this one, or one to either side for clocks that differ."""
    totp = pyotp.TOTP(secret)
    here = int(now.timestamp()) // totp.interval
    steps = (here - 1, here, here + 1)
    right = [each for each in steps if _same(totp.generate_otp(each), code)]
    return right[-1] if right else None


def _same(code: str, typed: str) -> bool:
    return secrets.compare_digest(code.encode(), typed.encode(errors="replace"))


def _hashed(owner: Owner, code: str) -> str:
    """Eighty bits of chance need no slow hash."""
    return hashlib.sha256(f"{owner.contact}|{owner.person or ''}|{code}".encode()).hexdigest()
