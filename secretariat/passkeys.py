"""A passkey says that it is there: what the browser is asked, and whether its answer is right.

webauthn is imported where there is a passkey: it brings OpenSSL and half a second.
"""

import base64
import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlmodel import Session, select

from schemas.account_tables import SecondFactor
from secretariat import factors
from secretariat.factors import Owner

if TYPE_CHECKING:
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor


@dataclass(frozen=True)
class Site:
    """Where a passkey is good: a name and an origin, which the browser vouches for."""

    name: str
    origin: str
    title: str


def to_make(session: Session, owner: Owner, site: Site) -> tuple[str, str]:
    """What the browser is asked to make a passkey with, and the challenge in it."""
    import webauthn  # noqa: PLC0415

    options = webauthn.generate_registration_options(
        rp_id=site.name,
        rp_name=site.title,
        user_name=owner.contact,
        exclude_credentials=_known(session, owner),
    )
    return webauthn.options_to_json(options), _text(options.challenge)


def to_show(session: Session, owner: Owner, site: Site) -> tuple[str, str]:
    """What the browser is asked to show a passkey with, and the challenge in it."""
    import webauthn  # noqa: PLC0415

    options = webauthn.generate_authentication_options(
        rp_id=site.name, allow_credentials=_known(session, owner)
    )
    return webauthn.options_to_json(options), _text(options.challenge)


def add(
    session: Session, owner: Owner, site: Site, challenge: str, answer: str, now: datetime
) -> bool:
    """Keep the passkey a browser has made for this very challenge."""
    import webauthn  # noqa: PLC0415
    from webauthn.helpers.exceptions import WebAuthnException  # noqa: PLC0415

    try:
        made = webauthn.verify_registration_response(
            credential=answer,
            expected_challenge=_bytes(challenge),
            expected_rp_id=site.name,
            expected_origin=site.origin,
        )
    except (WebAuthnException, ValueError, KeyError):
        return False
    credential = _text(made.credential_id)
    if _of_credential(session, credential):
        return False
    session.add(
        SecondFactor(
            contact=owner.contact, person=owner.person, kind="passkey",
            secret=_text(made.credential_public_key), credential=credential,
            counter=made.sign_count, made_at=now,
        )
    )  # fmt: skip
    return True


def accepts(
    session: Session, owner: Owner, site: Site, challenge: str, answer: str, now: datetime
) -> bool:
    """Whether one of the owner's passkeys signed this very challenge."""
    import webauthn  # noqa: PLC0415
    from webauthn.helpers.exceptions import WebAuthnException  # noqa: PLC0415

    factor = _of_credential(session, _named(answer))
    if factor is None or (factor.contact, factor.person) != (owner.contact, owner.person):
        return False
    try:
        shown = webauthn.verify_authentication_response(
            credential=answer,
            expected_challenge=_bytes(challenge),
            expected_rp_id=site.name,
            expected_origin=site.origin,
            credential_public_key=_bytes(factor.secret),
            credential_current_sign_count=factor.counter,
        )
    except (WebAuthnException, ValueError, KeyError):
        return False
    factor.counter, factor.used_at = shown.new_sign_count, now
    return True


def _known(session: Session, owner: Owner) -> "list[PublicKeyCredentialDescriptor]":
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor  # noqa: PLC0415

    return [
        PublicKeyCredentialDescriptor(id=_bytes(factor.credential or ""))
        for factor in factors.of(session, owner, "passkey")
    ]


def _of_credential(session: Session, credential: str) -> SecondFactor | None:
    query = select(SecondFactor).where(SecondFactor.credential == credential)
    return session.exec(query).first()


def _named(answer: str) -> str:
    try:
        found: Any = json.loads(answer)
        return str(found["id"])
    except (ValueError, KeyError, TypeError):
        return ""


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
