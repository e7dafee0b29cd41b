"""Signing in by an OpenID Connect provider: where to send a browser, and whom it brings back.

authlib and joserfc are imported where a provider is asked: most installations have none.
"""

import base64
import hmac
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx

from secretariat.catalogues import marked
from secretariat.errors import BadInputError, NotAllowedError, UnreachableError
from secretariat.settings import Settings

if TYPE_CHECKING:
    from authlib.integrations.httpx_client import OAuth2Client

ALGORITHMS = ["RS256", "ES256", "PS256"]
PATIENCE = 10
NO_PROVIDER = "The sign-in provider does not answer. Have a link mailed to you instead."
NOT_HIS = marked(
    "The sign-in provider did not vouch for you. Begin again, or have a link mailed to you."
)


@dataclass(frozen=True)
class Vouched:
    """Who it is by the provider's word: a verified address, and whether it saw two factors."""

    address: str
    two_factors: bool


@dataclass(frozen=True)
class Provider:
    """One provider, by the code flow with PKCE.

    State, nonce and verifier come from a secret that only the browser holds that was sent there, so
    that no other can finish what it began, and nothing is kept here.
    """

    issuer: str
    client_id: str
    secret: str

    def address(self, back: str, browser: str) -> str:
        """Where to send the browser. Raises UnreachableError."""
        with self._client(back) as client:
            url, _ = client.create_authorization_url(
                self._found()["authorization_endpoint"],
                state=_derived(browser, "state"),
                nonce=_derived(browser, "nonce"),
                code_verifier=_derived(browser, "verifier"),
            )
        return str(url)

    def vouched(self, back: str, answer: str, browser: str) -> Vouched:
        """Whom the address a browser came back with stands for.

        Raises NotAllowedError: it was not begun here, or the address is not verified.
        """
        from authlib.common.errors import AuthlibBaseError  # noqa: PLC0415
        from joserfc.errors import JoseError  # noqa: PLC0415

        found = self._found()
        try:
            with self._client(back) as client:
                token = client.fetch_token(
                    found["token_endpoint"],
                    authorization_response=answer,
                    state=_derived(browser, "state"),
                    code_verifier=_derived(browser, "verifier"),
                )
            claims = self._claims(found, token["id_token"], _derived(browser, "nonce"))
        except (AuthlibBaseError, JoseError, KeyError, ValueError) as error:
            raise NotAllowedError(NOT_HIS) from error
        except httpx.HTTPError as error:
            raise UnreachableError(NO_PROVIDER) from error
        if claims.get("email_verified") is not True or not claims.get("email"):
            raise NotAllowedError("The sign-in provider has not verified your address.")
        return Vouched(str(claims["email"]), "mfa" in (claims.get("amr") or []))

    def _claims(self, found: dict[str, Any], token: str, nonce: str) -> dict[str, Any]:
        from joserfc import jwt  # noqa: PLC0415
        from joserfc.jwk import KeySet  # noqa: PLC0415

        keys = KeySet.import_key_set(self._get(found["jwks_uri"]))
        claims = dict(jwt.decode(token, keys, algorithms=ALGORITHMS).claims)
        jwt.JWTClaimsRegistry(
            leeway=30,
            iss={"essential": True, "value": self.issuer},
            aud={"essential": True, "value": self.client_id},
            exp={"essential": True},
            nonce={"essential": True, "value": nonce},
        ).validate(claims)
        return claims

    def _found(self) -> dict[str, Any]:
        """What the provider says of itself; it must be the one we were told of."""
        found: dict[str, Any] = self._get(f"{self.issuer}/.well-known/openid-configuration")
        if found.get("issuer") != self.issuer:
            raise UnreachableError(NO_PROVIDER)
        return found

    def _get(self, url: str) -> Any:
        try:
            return httpx.get(url, timeout=PATIENCE).raise_for_status().json()
        except (httpx.HTTPError, ValueError) as error:
            raise UnreachableError(NO_PROVIDER) from error

    def _client(self, back: str) -> "OAuth2Client":
        from authlib.deprecate import AuthlibDeprecationWarning  # noqa: PLC0415

        with warnings.catch_warnings():  # it would rather have an httpx that nothing else has yet
            warnings.simplefilter("ignore", AuthlibDeprecationWarning)
            from authlib.integrations.httpx_client import OAuth2Client  # noqa: PLC0415
        return OAuth2Client(
            self.client_id,
            self.secret,
            scope="openid email",
            redirect_uri=back,
            code_challenge_method="S256",
            timeout=PATIENCE,
        )


def provider_of(settings: Settings) -> Provider | None:
    """Who else vouches for people, or None. Raises BadInputError."""
    if not settings.oidc_issuer:
        return None
    url, file = urlsplit(settings.oidc_issuer), settings.oidc_client_secret_file
    near = url.scheme == "http" and url.hostname in ("localhost", "127.0.0.1")
    if not (url.scheme == "https" or near) or not settings.oidc_client_id or file is None:
        raise BadInputError(
            "SECRETARIAT_OIDC_ISSUER is not enough or not understood. Write https://host, and "
            "set SECRETARIAT_OIDC_CLIENT_ID and SECRETARIAT_OIDC_CLIENT_SECRET_FILE too."
        )
    try:
        secret = file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise BadInputError(
            f"SECRETARIAT_OIDC_CLIENT_SECRET_FILE {file} cannot be read: {error.strerror}."
        ) from None
    return Provider(settings.oidc_issuer.rstrip("/"), settings.oidc_client_id, secret)


def _derived(browser: str, what: str) -> str:
    mac = hmac.digest(browser.encode(), what.encode(), "sha256")
    return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()
