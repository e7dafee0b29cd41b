"""Which deployments does a programme need? COMMIT has its own, others the common cycle."""

from pathlib import Path
from typing import Any

import yaml

from schemas.programme import Programme

FILE = Path(__file__).parent / "prefect.yaml"  # the one at the top, which a wheel has here


def deployments(written: dict[str, Any], programme: Programme) -> dict[str, Any]:
    """``prefect.yaml`` as this programme needs it: one deployment for each of its functions.

    A function the file does not know goes through the common cycle, every night and when one of
    its holdings changes hands, in the programme's own time zone.
    """
    known = {deployment["name"]: deployment for deployment in written["deployments"]}
    definitions = written["definitions"]
    common = {
        "entrypoint": "flows/common_cycle.py:common_cycle",
        "concurrency_limit": definitions["one-at-a-time"],
        "work_pool": definitions["pool"],
        "schedules": [{**each, "timezone": programme.zone} for each in definitions["nightly"]],
    }
    wanted = [
        known.get(function.slug)
        or {
            "name": function.slug,
            "parameters": {"function": function.slug},
            "tags": [function.slug, function.cadence.value],
            "triggers": [
                {
                    "match_related": {
                        "prefect.resource.id": f"secretariat.function.{function.slug}"
                    },
                    "expect": definitions["changes-hands"],
                }
            ],
            **common,
        }
        for function in programme.functions
    ]
    return {**written, "deployments": wanted}


def read_deployments(programme: Programme) -> dict[str, Any]:
    """The file beside us, as this programme needs it."""
    return deployments(yaml.safe_load(FILE.read_text(encoding="utf-8")), programme)


def write_deployments(programme: Programme, directory: Path) -> Path:
    """Put them where Prefect can read them; returns the file."""
    path = directory / FILE.name
    path.write_text(yaml.safe_dump(read_deployments(programme)), encoding="utf-8")
    return path


def set_off(written: dict[str, Any], event: dict[str, Any]) -> list[str]:
    """The names of the deployments that Prefect is to run when it hears of this event."""
    about = {related["prefect.resource.id"] for related in event["related"]}
    return [
        deployment["name"]
        for deployment in written["deployments"]
        for trigger in deployment["triggers"]
        if event["event"] in trigger["expect"]
        and trigger["match_related"]["prefect.resource.id"] in about
    ]
