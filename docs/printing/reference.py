"""The reference: commands, settings, acts, events and API, as the code has them."""

import inspect
import pkgutil
import re
from importlib import import_module
from typing import Any, get_args

import typer
from fastapi import FastAPI
from pydantic_core import PydanticUndefined
from typer.cli import get_docs_for_click

from docs.printing.tables import table
from schemas.act import Act
from schemas.acts import AnyAct
from secretariat import cli, web
from secretariat.sentences import SENTENCES
from secretariat.settings import Settings


def commands() -> str:
    """Every command, as ``--help`` has it, without lists of what follows anyway."""
    command = typer.main.get_command(cli.app)
    context = typer.Context(command, info_name="secretariat")
    printed = get_docs_for_click(obj=command, ctx=context, name="secretariat")
    for needless in (
        r"\* `--help`: .*\n",
        r"\*\*Commands\*\*:\n\n(\* .*\n)+\n?",
        r"\*\*Options\*\*:\n\n(?!\*)",
        r"\n(?=\n\n)",
    ):
        printed = re.sub(needless, "", printed)
    return printed.replace("# `secretariat`\n", "# Commands\n", 1).rstrip() + "\n"


def settings() -> str:
    """Every setting of an operator."""
    rows = (
        (f"`SECRETARIAT_{name.upper()}`", field.description or "", _default(name))
        for name, field in Settings.model_fields.items()
    )
    return _page(
        "Settings",
        "They come from the environment, or from a file `.env` in the directory where the program"
        " is started; `secretariat init` writes one that names them all.",
        *table(("setting", "what it is", "default"), rows),
    )


def _default(name: str) -> str:
    value = Settings.model_fields[name].default
    if value in (None, "", PydanticUndefined):
        return "empty"
    return f"`{value.name if name == 'programme' else value}`"


def acts() -> str:
    """Every act somebody can ask for."""
    found = sorted(_acts(), key=lambda act: str(act.model_fields["act"].default))
    rows = ((f"`{a.model_fields['act'].default}`", _about(a), _fields(a)) for a in found)
    return _page(
        "Acts",
        "An act is what somebody asks for. Every door hands in the same acts: pages and mailed"
        " links as forms, other programs as JSON at `POST /api/acts`, and `secretariat do ACT` at a"
        " terminal. Who may ask for which is decided by the office, whatever the door.",
        *table(("act", "what it does", "what it takes (in brackets: may be left out)"), rows),
    )


def _acts() -> list[type[Act]]:
    union, *_ = get_args(AnyAct)
    return [act for act in get_args(union) if isinstance(act, type)]


def _about(act: type[Act]) -> str:
    told = act.__dict__.get("__doc__") or ""
    return inspect.cleandoc(told).replace("``", "`")


def _fields(act: type[Act]) -> str:
    fields = ((name, field.is_required()) for name, field in act.model_fields.items())
    return ", ".join(
        f"`{name}`" if needed else f"[`{name}`]" for name, needed in fields if name != "act"
    )


def events() -> str:
    """Every kind of event, with the sentence it is told by."""
    rows = ((f"`{kind}`", _sentence(said)) for kind, said in SENTENCES.items())
    return _page(
        "Events",
        "An event is what happened, as the ledger keeps it: its kind, its subject, its facts, when"
        " and by whom. It is told by one sentence, on every page, in mails and to programs; where a"
        " kind has several, the word after the last full stop says which. Its facts are in braces.",
        *table(("kind", "told as"), rows),
    )


def _sentence(said: str) -> str:
    return said.replace("{", "*{").replace("}", "}*")


def api() -> str:
    """What programs can ask for, from the same description as ``/api/openapi.json``."""
    rows = (
        (f"`{method.upper()} {path}`", _text(what), _parameters(what))
        for path, methods in _described()["paths"].items()
        for method, what in methods.items()
        if method != "head"  # which a board that was served in this process has added
    )
    return _page(
        "API",
        "For other programs. `GET /api/openapi.json` describes all of it for machines. A program"
        " signs in with a token, `Authorization: Bearer …`, from `secretariat token CONTACT --scope"
        " read` or from one's own page; what its scopes allow is in [rights](../rights.md). What is"
        " refused is answered by a problem (RFC 9457) with a sentence in `title`. The acts are"
        " [listed here](acts.md).",
        *table(("request", "what it gives", "parameters"), rows),
    )


def _described() -> dict[str, Any]:
    app = FastAPI(title="secretariat")
    for found in pkgutil.iter_modules(web.__path__):
        door = import_module(f"secretariat.web.{found.name}")
        for route in getattr(getattr(door, "router", None), "routes", []):
            if route.path.startswith("/api/"):
                app.router.routes.append(route)
    described: dict[str, Any] = app.openapi()
    return described


def _text(what: dict[str, Any]) -> str:
    return str(what.get("description", "")).replace("``", "`")


def _parameters(what: dict[str, Any]) -> str:
    return ", ".join(
        f"`{parameter['name']}`" + (" (header)" if parameter["in"] == "header" else "")
        for parameter in what.get("parameters", [])
    )


def _page(title: str, about: str, *lines: str) -> str:
    printed = "Printed from the code by `make pages`."
    return "\n".join([f"# {title}", "", f"{about} {printed}", "", *lines, ""])
