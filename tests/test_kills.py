"""Killed at any moment, the program loses no mail, changes none, and doubles few, all marked."""

import json
import subprocess
import sys
from pathlib import Path

from secretariat.store import Store
from tests.conftest import BARE, REPO
from tests.kills import CONNECTIONS, POINTS

KILLS = 200


def test_killed_two_hundred_times_every_mail_arrives_unchanged_and_copies_are_marked(
    store: Store, tmp_path: Path
) -> None:
    url = store.engine.url.render_as_string(hide_password=False)
    done = subprocess.run(
        [sys.executable, "-m", "tests.kills", url, str(tmp_path), str(KILLS), "1"],
        capture_output=True, text=True, cwd=REPO, env=BARE, timeout=280, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["kills"] >= KILLS
    assert set(found["at_points"]) == set(POINTS)
    assert found["states"] == {"accepted": found["mails"]}
    assert (found["lost"], found["changed"], found["unmarked"]) == (0, 0, 0)
    assert found["under_way_at_once"] <= CONNECTIONS
    assert found["copies"] <= found["marked"] <= CONNECTIONS * KILLS
