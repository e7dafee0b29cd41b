"""What an operator can set, by environment or a ``.env`` file in the working directory."""

import os
from functools import cached_property
from pathlib import Path
from typing import Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from schemas.texts import Address
from secretariat.errors import BadInputError, UnreachableError
from secretariat.keys import kept_key

# Where the readers of programmes are not wanted yet, which bring public holidays along.
COMMIT = Path(__file__).parent / "programmes" / "commit.yaml"


class Settings(BaseSettings):
    """Every setting is ``SECRETARIAT_`` and its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="SECRETARIAT_", env_file=".env", extra="ignore")

    data_dir: Path = Field(Path("data"), description="store, key, caught mail, Prefect's own files")
    keys_dir: Path | None = Field(
        None, description="keys that every machine must have alike; empty: in data_dir"
    )
    database_url: str = Field("", description="sqlite:///… or postgresql://…; empty: in data_dir")
    programme: Path = Field(COMMIT, description="the programme file")
    backups_dir: Path | None = Field(
        None, description="where each day's backup goes, best another disk; empty: in data_dir"
    )
    backups_kept: int = Field(
        7, ge=1, description="days whose last backup is kept, beside 5 weeks and 12 months"
    )
    host: str = Field("127.0.0.1", description="where the board listens")
    port: int = Field(8000, ge=1, le=65535, description="the board's port")
    base_url: str = Field("", description="how people reach the board; links in mails use it")
    prefect_port: int = Field(4200, ge=1, le=65535, description="the Prefect server's port")
    prefect_url: str = Field(
        "", description="the API of a Prefect server of yours, http://host:4200/api; empty: our own"
    )
    smtp_url: str = Field(
        "",
        description="smtp://user:password@host:587 or smtps://…, with TLS; empty: caught here",
    )
    smtp_per_minute: int | None = Field(
        None, ge=1, description="mails in a minute; 30 unless the relay is this machine"
    )
    smtp_per_day: int | None = Field(
        None, ge=1, description="mails in a day; 10,000 unless the relay is this machine"
    )
    smtp_connections: int = Field(3, ge=1, le=50, description="connections to the relay at once")
    mail_from: Address = Field("secretariat@commit.example", description="sender of every mail")
    bounces_to: Address | Literal[""] = Field(
        "",
        description="undelivered mail is reported there: bounces@host as a signed bounces+…@host",
    )
    replies_to: Address | Literal[""] = Field(
        "", description="where answers to mails go: replies@host as a signed replies+…@host"
    )
    inbox: str = Field(
        "",
        description="what comes back is read here: maildir:///path or imaps://user:password@host/INBOX",
    )

    oidc_issuer: str = Field(
        "", description="an OpenID Connect provider to sign in by, such as https://login.host"
    )
    oidc_client_id: str = Field("", description="what that provider knows this board as")
    oidc_client_secret_file: Path | None = Field(None, description="holds its secret for us")

    webhook_hosts: str = Field(
        "", description="hosts of your own network webhooks may go to, such as localhost,docs.host"
    )
    log: Literal["words", "json"] = Field(
        "words", description="how each line of the log is written"
    )
    dkim_key: str = Field("", description="the RSA key (PEM file) your domain signs mails with")
    dkim_selector: str = Field("secretariat", description="where your DNS has its public half")

    @cached_property
    def directory(self) -> Path:
        """The data directory, made if need be and absolute. Raises UnreachableError."""
        return _own(self.data_dir, "SECRETARIAT_DATA_DIR")

    @cached_property
    def keys(self) -> Path:
        """Where the keys lie, for nobody else to read. Raises UnreachableError."""
        return _own(self.keys_dir, "SECRETARIAT_KEYS_DIR") if self.keys_dir else self.directory

    @property
    def store_url(self) -> str:
        """The database; reading it makes no directory."""
        url = self.database_url
        if not url:
            return f"sqlite:///{self.data_dir.expanduser().resolve() / 'secretariat.db'}"
        scheme, _, path = url.partition(":///")
        if scheme.startswith("sqlite") and path and not path.startswith(("/", ":")):
            return f"{scheme}:///{Path(path).resolve()}"  # flows run in another directory
        return url

    @property
    def backups(self) -> Path:
        """Where backups are; reading it makes no directory."""
        return (self.backups_dir or self.data_dir / "backups").expanduser().resolve()

    @property
    def board_url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return (self.base_url or f"http://{host}:{self.port}").rstrip("/")

    def check_addresses(self) -> None:
        """Raises BadInputError: links in mails would lead nowhere, or two parts want one port."""
        if self.base_url and not self.base_url.startswith(("http://", "https://")):
            raise BadInputError("SECRETARIAT_BASE_URL is not understood: write https://host.")
        if not self.base_url and self.host in ("0.0.0.0", "::"):  # noqa: S104
            raise BadInputError(
                f"With SECRETARIAT_HOST={self.host} the links in mails need a name to lead to: "
                "set SECRETARIAT_BASE_URL to how people reach the board, such as https://host."
            )
        if self.port == self.prefect_port:
            raise BadInputError(
                f"SECRETARIAT_PORT and SECRETARIAT_PREFECT_PORT are both {self.port}; choose two."
            )

    @property
    def prefect_api(self) -> str:
        return self.prefect_url.rstrip("/") or f"http://127.0.0.1:{self.prefect_port}/api"

    @property
    def prefect_auth(self) -> tuple[str, str]:
        """User and password of the Prefect server, made on first use."""
        user, _, password = kept_key(self.prefect_auth_file, "secretariat:").partition(":")
        return user, password

    @property
    def prefect_auth_file(self) -> Path:
        return self.keys / "prefect.auth"

    @property
    def factor_key(self) -> str:
        """What the secrets of authenticators and webhooks are encrypted with, made on first use."""
        return kept_key(self.keys / "factors.key")

    @property
    def own_hosts(self) -> frozenset[str]:
        """The hosts that webhooks may go to although they are not public."""
        return frozenset(filter(None, map(str.strip, self.webhook_hosts.lower().split(","))))

    @property
    def link_keys(self) -> Path:
        """The keys that sign links, one a line."""
        return self.keys / "secret.key"

    @property
    def smtp(self) -> SplitResult | None:
        """The relay, or None for the catcher. Raises BadInputError."""
        if not self.smtp_url:
            return None
        url = urlsplit(self.smtp_url)
        try:
            well_formed = url.scheme in ("smtp", "smtps") and bool(url.hostname) and (url.port or 1)
        except ValueError:
            well_formed = False
        if not well_formed:
            raise BadInputError(
                "SECRETARIAT_SMTP_URL is not understood. Write smtp://user:password@host:587 "
                "or smtps://user:password@host:465, or leave it empty to catch all mail here."
            )
        return url

    @property
    def inbox_url(self) -> SplitResult | None:
        """Where incoming mail lies, or None where nobody reads it. Raises BadInputError."""
        if not self.inbox:
            return None
        url = urlsplit(self.inbox)
        try:
            host, _ = url.hostname, url.port
        except ValueError:
            host = None
        if url.scheme == "maildir" and not url.netloc and url.path.startswith("/"):
            return url
        if host and url.username and (url.scheme == "imaps" or _is_here(url.scheme, host)):
            return url
        raise BadInputError(
            "SECRETARIAT_INBOX is not understood. Write maildir:///path or "
            "imaps://user:password@host/INBOX (imap:// without TLS only on this machine), or leave "
            "it empty: then nobody reads what comes back."
        )

    def as_environment(self) -> dict[str, str]:
        """What a child process needs to use the same store and programme."""
        return {
            "SECRETARIAT_DATA_DIR": str(self.directory),
            "SECRETARIAT_KEYS_DIR": str(self.keys),
            "SECRETARIAT_DATABASE_URL": self.store_url,
            "SECRETARIAT_PROGRAMME": str(self.programme.resolve()),
            "SECRETARIAT_BASE_URL": self.board_url,
            "SECRETARIAT_PREFECT_PORT": str(self.prefect_port),
            "SECRETARIAT_PREFECT_URL": self.prefect_url,
        }


def load_settings() -> Settings:
    """Settings from the environment, or files a service manager keeps secrets in.

    Raises BadInputError naming the setting.
    """
    secrets = os.environ.get("CREDENTIALS_DIRECTORY")  # as systemd calls it
    try:
        return Settings(_secrets_dir=secrets)
    except ValidationError as error:
        first = error.errors()[0]
        name = f"SECRETARIAT_{str(first['loc'][0]).upper()}"
        raise BadInputError(f"{name} is not understood: {first['msg']}.") from None


def _is_here(scheme: str, host: str) -> bool:
    return scheme == "imap" and host in ("localhost", "127.0.0.1", "::1")


def _own(directory: Path, name: str) -> Path:
    """A directory of ours, absolute, made if need be. Raises UnreachableError, with its setting."""
    path = directory.expanduser().resolve()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        reason = "" if os.access(path, os.W_OK | os.X_OK) else "permission denied"
    except OSError as error:
        reason = error.strerror or type(error).__name__
    if reason:
        raise UnreachableError(
            f"The directory {path} cannot be written ({reason}). Set {name} to one of yours."
        )
    return path
