"""Everything that can go wrong for a person, each with a sentence that says what to do."""

from typing import Any

from schemas.texts import inert


class SecretariatError(Exception):
    """Its text is shown as it is; ``status`` is the HTTP answer, the CLI exits with 2.

    ``facts`` fill in the ``{names}`` of the text, which other languages may order otherwise.
    """

    status = 400

    def __init__(self, words: str, **facts: Any) -> None:
        super().__init__(words.format(**facts) if facts else words)
        self.words, self.facts = words, facts

    def __str__(self) -> str:
        """It may quote what was handed in, whatever that was."""
        return inert(super().__str__())


class OneOf(list[str]):
    """Alternatives in a sentence: “a or b”; a page lists them as its language does."""

    def __str__(self) -> str:
        return " or ".join(self)


class AllOf(list[str]):
    """Several in a sentence: “a, b, c”; a page lists them as its language does."""

    def __str__(self) -> str:
        return ", ".join(self)


class BadInputError(SecretariatError):
    """Something handed in is not what it should be; nothing was changed."""


class NoAddressError(BadInputError):
    """What should be somebody's address is not one that mail can go to."""


class NotAllowedError(SecretariatError):
    """The act is not this body's to do, or not from this phase."""

    status = 403


class NotSignedInError(NotAllowedError):
    """Nobody is signed in, who could be asked what they may."""


class FactorNeededError(NotAllowedError):
    """Somebody is signed in, but this wants a second factor too."""


class ScopeNeededError(NotAllowedError):
    """A program's token stands for somebody who may do this, but was not made for it."""

    def __init__(self, words: str, scope: str) -> None:
        super().__init__(words)
        self.scope = scope


class UnknownError(SecretariatError):
    """There is nothing of that name."""

    status = 404


class ConflictError(SecretariatError):
    """It no longer fits the state things are in."""

    status = 409


class ChangedError(ConflictError):
    """Somebody else was faster; ``seen`` and ``now`` say what each version was made by."""

    def __init__(
        self, words: str, *, seen: dict[str, Any], now: dict[str, Any], **facts: Any
    ) -> None:
        super().__init__(words, **facts)
        self.seen, self.now = seen, now


class UnreachableError(SecretariatError):
    """A part the program needs does not answer: database, SMTP, Prefect, port, directory."""

    status = 503


class DamagedError(UnreachableError):
    """The database is there, and is none any more."""
