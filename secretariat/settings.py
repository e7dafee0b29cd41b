"""What an operator can set, by environment or a ``.env`` file in the working directory."""

import os
from functools import cached_property
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from secretariat.errors import BadInputError, UnreachableError
from secretariat.programme import SHIPPED


class Settings(BaseSettings):
    """Every setting is ``SECRETARIAT_`` and its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="SECRETARIAT_", env_file=".env", extra="ignore")

    data_dir: Path = Field(Path("data"), description="store, key, caught mail, Prefect's own files")
    database_url: str = Field("", description="sqlite:///… or postgresql://…; empty: in data_dir")
    programme: Path = Field(SHIPPED / "commit.yaml", description="the programme file")
    host: str = Field("127.0.0.1", description="where the board listens")
    port: int = Field(8000, ge=1, le=65535, description="the board's port")
    base_url: str = Field("", description="how people reach the board; links in mails use it")
    prefect_port: int = Field(4200, ge=1, le=65535, description="the Prefect server's port")
    smtp_url: str = Field(
        "", description="smtp://user:password@host:587 or smtps://…; empty: the built-in catcher"
    )
    mail_from: str = Field("secretariat@commit.example", description="the sender of every mail")

    @cached_property
    def directory(self) -> Path:
        """The data directory, made if need be and absolute. Raises UnreachableError."""
        path = self.data_dir.expanduser().resolve()
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UnreachableError(_unwritable(path, error.strerror)) from None
        if not os.access(path, os.W_OK | os.X_OK):
            raise UnreachableError(_unwritable(path, "permission denied"))
        return path

    @property
    def store_url(self) -> str:
        """The database; reading it makes no directory."""
        path = self.data_dir.expanduser().resolve() / "secretariat.db"
        return self.database_url or f"sqlite:///{path}"

    @property
    def board_url(self) -> str:
        return (self.base_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def prefect_api(self) -> str:
        return f"http://127.0.0.1:{self.prefect_port}/api"

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

    def as_environment(self) -> dict[str, str]:
        """What a child process needs to use the same store and programme."""
        return {
            "SECRETARIAT_DATA_DIR": str(self.directory),
            "SECRETARIAT_DATABASE_URL": self.store_url,
            "SECRETARIAT_PROGRAMME": str(self.programme.resolve()),
            "SECRETARIAT_BASE_URL": self.board_url,
            "SECRETARIAT_PREFECT_PORT": str(self.prefect_port),
        }


def load_settings() -> Settings:
    """Settings from the environment. Raises BadInputError naming the setting."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = f"SECRETARIAT_{str(first['loc'][0]).upper()}"
        raise BadInputError(f"{name} is not understood: {first['msg']}.") from None


def _unwritable(path: Path, reason: str | None) -> str:
    return (
        f"The data directory {path} cannot be written ({reason}). "
        "Set SECRETARIAT_DATA_DIR to a directory of yours."
    )
