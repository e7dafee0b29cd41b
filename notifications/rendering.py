"""How does a template become text? In a sandbox, in the reader's language, and not endlessly."""

from collections.abc import Iterable
from typing import Any

from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    Environment,
    FunctionLoader,
    PackageLoader,
    StrictUndefined,
    pass_context,
)
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from secretariat.languages import ENGLISH, Language

LONGEST = 200_000  # characters a mail may have


def teach(environment: Environment) -> None:
    """Let an environment's templates speak the ``language`` they are rendered with.

    They write ``_("…")`` or ``{% trans %}`` round all that is read; line breaks in it are spaces.
    """
    environment.add_extension("jinja2.ext.i18n")
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_callables(_gettext, _ngettext, newstyle=True)  # type: ignore[attr-defined]


@pass_context
def _gettext(context: Context, message: str) -> str:
    return _spoken(context).gettext(message)


@pass_context
def _ngettext(context: Context, one: str, many: str, count: int) -> str:
    return _spoken(context).ngettext(one, many, count)


def _spoken(context: Context) -> Language:
    """English in a macro that knows nothing of its page."""
    language: Language = context.get("language", ENGLISH)
    return language


class Sandbox(ImmutableSandboxedEnvironment):
    """What a template may do, whoever wrote it: read the facts of a mail, and little more."""

    intercepted_binops = frozenset({"*", "**"})

    def __init__(self, loader: BaseLoader) -> None:
        super().__init__(
            loader=loader,
            autoescape=lambda name: bool(name and name.endswith(".html")),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,  # a changed template is tried first, and comes with a new sandbox
        )
        teach(self)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Multiply numbers; what would fill the memory is refused before it is tried."""
        if not all(
            isinstance(value, int | float) and abs(value) < LONGEST for value in (left, right)
        ):
            raise SecurityError(f"“{operator}” is for numbers below {LONGEST} only")
        if operator == "**" and abs(right) > 9:
            raise SecurityError("“**” is for exponents up to 9 only")
        return super().call_binop(context, operator, left, right)


_BUILT_IN = PackageLoader("notifications")
OURS = Sandbox(_BUILT_IN)


def own_first(sources: dict[str, str]) -> BaseLoader:
    """These templates, and for every other file the built-in one."""

    def own(name: str) -> tuple[str, str, None] | None:
        return (sources[name], name, None) if name in sources else None

    return ChoiceLoader([FunctionLoader(own), _BUILT_IN])


def render(template: str, language: Language, facts: dict[str, Any], by: Sandbox = OURS) -> str:
    """A template with its facts filled in. Raises jinja2's errors: it cannot be."""
    return _measured(by.get_template(template).generate(facts, language=language))


def render_block(
    template: str, block: str, language: Language, facts: dict[str, Any], by: Sandbox = OURS
) -> str:
    """One block of a template: what a digest takes from each mail. Raises jinja2's errors."""
    found = by.get_template(template)
    context = found.new_context({**facts, "language": language})
    return _measured(found.blocks[block](context)) if block in found.blocks else ""


def _measured(pieces: Iterable[str]) -> str:
    text: list[str] = []
    length = 0
    for piece in pieces:
        text.append(piece)
        length += len(piece)
        if length > LONGEST:
            raise SecurityError(f"it writes more than {LONGEST} characters")
    return "".join(text)
