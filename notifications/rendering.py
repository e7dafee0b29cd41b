"""How does a template become text? In a sandbox, in the reader's language."""

import gettext
from typing import Any

from jinja2 import PackageLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

_TEMPLATES = ImmutableSandboxedEnvironment(
    loader=PackageLoader("notifications"),
    autoescape=lambda name: bool(name and name.endswith(".html")),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    extensions=["jinja2.ext.i18n"],
)
_TEMPLATES.install_gettext_translations(gettext.NullTranslations(), newstyle=True)  # type: ignore[attr-defined]


def render(template: str, language: str, facts: dict[str, Any]) -> str:
    """A template with its facts filled in. Raises jinja2's errors: it cannot be."""
    return _TEMPLATES.get_template(template).render(facts, language=language)


def render_block(template: str, block: str, language: str, facts: dict[str, Any]) -> str:
    """One block of a template: what a digest takes from each mail. Raises jinja2's errors."""
    found = _TEMPLATES.get_template(template)
    context = found.new_context({**facts, "language": language})
    return "".join(found.blocks[block](context)) if block in found.blocks else ""
