"""The command line: what it prints, what it refuses, what it does not load."""

import json
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
from sqlmodel import select

from schemas.acts import AnyAct
from schemas.tables import Entry
from secretariat.settings import Settings
from secretariat.store import opened
from tests.conftest import BARE, cli, free_port, run_cli


@pytest.fixture
def environment(replayed: Settings) -> dict[str, str]:
    return BARE | {"SECRETARIAT_DATA_DIR": str(replayed.data_dir)}


def test_status_as_json_gives_functions_and_holdings(environment: dict[str, str]) -> None:
    done = cli("status", "--at", "2018-12-31", "--json", environment=environment)
    status = json.loads(done.stdout)
    functions = {function["slug"]: function for function in status["functions"]}
    assert len(functions) == 17
    ways = [function["transferred"] for function in functions.values()]
    assert (ways.count("fully"), ways.count("partly")) == (8, 9)
    assert {"duty": "reporting", "receiver": "CN", "owner": "un-act", "phase": "un_led"} in (
        functions["indicator-collection"]["holdings"]
    )
    early = cli("status", "--at", "2018-01-01", "--json", environment=environment)
    assert [f["transferred"] for f in json.loads(early.stdout)["functions"]].count("fully") == 0


def test_status_names_the_holdings_each_function_still_needs(environment: dict[str, str]) -> None:
    done = cli("status", "--at", "2018-12-31", "--json", environment=environment)
    functions = {f["slug"]: f for f in json.loads(done.stdout)["functions"]}
    assert all((f["open"] == []) == (f["transferred"] == "fully") for f in functions.values())
    assert functions["workplan-coordination"]["open"] == [
        "workplan-coordination/follow-up@chair",
        "workplan-coordination/workplan@chair",
    ]
    said = cli("status", "--at", "2018-12-31", "--open", environment=environment).stdout
    assert said.count(" still needs ") == 9


def test_a_calendar_says_what_is_not_worked_and_why(environment: dict[str, str]) -> None:
    days = ("--from", "2018-12-20", "--to", "2019-01-02")
    said = cli("calendar", "show", "CN", *days, environment=environment).stdout.splitlines()
    assert [line[:14] for line in said] == ["Sat 2018-12-29", "Mon 2018-12-31", "Tue 2019-01-01"]
    assert "moved here by the government" in said[0]
    far = ("--from", "2150-01-01", "--to", "2150-02-01")
    said = cli("calendar", "show", "LA", *far, environment=environment).stdout
    assert said.startswith("Warning: no public holidays are known for LA in 2150")


def test_the_next_day_all_members_work_is_found(environment: dict[str, str]) -> None:
    said = cli("calendar", "next-common", "2018-11-09", environment=environment).stdout
    assert "is not: KH: National Independence Day" in said
    assert "next day all members work: Mon 2018-11-12" in said
    assert "previous day all members work: Wed 2018-11-07" in said


def test_a_meeting_put_on_a_holiday_somewhere_is_warned_of_not_refused(lived: Settings) -> None:
    environment = BARE | {"SECRETARIAT_DATA_DIR": str(lived.data_dir)}
    planned = cli("som", "prepare", "SOM14", "--host", "VN", "--on", "2020-11-09",
                  "--wait", "0", environment=environment)  # fmt: skip
    assert "not a working day in Cambodia (National Independence Day)" in planned.stdout
    assert "next day all members work is 10 November 2020" in planned.stdout
    moved = cli("som", "postpone", "SOM14", "--to", "2020-11-10", "--reason", "rain",
                environment=environment)  # fmt: skip
    assert "not a working day" not in moved.stdout
    assert "10 November 2020" in moved.stdout


def test_every_act_can_be_done_and_looked_at_by_its_name(environment: dict[str, str]) -> None:
    known = {
        get_args(kind.model_fields["act"].annotation)[0] for kind in get_args(get_args(AnyAct)[0])
    }
    assert len(known) > 30
    for act in known:
        done = cli("do", act, "--dry-run", environment=environment)
        assert "there is no act" not in done.stderr
        assert "this must be given" in done.stderr
    looked = cli(
        "do", "agree-chair", "som=SOM15", "member=KH", "--dry-run", environment=environment
    )
    assert "Cambodia was formally agreed to chair SOM15" in looked.stdout


def test_status_for_people_fits_eighty_columns(environment: dict[str, str]) -> None:
    done = run_cli("status", environment=environment | {"COLUMNS": "80"})
    assert "8 fully, 9 partly, 0 not of 17 functions." in done.stdout
    assert "Indicator collection" in done.stdout
    assert "1 late" in done.stdout
    assert max(len(line) for line in done.stdout.splitlines()) <= 80


def test_reading_commands_do_not_import_prefect_or_the_web(environment: dict[str, str]) -> None:
    code = (
        "import sys; from secretariat.cli import app; app(['status'], standalone_mode=False); "
        "loaded = {'prefect', 'fastapi', 'apscheduler', 'alembic'} & set(sys.modules); "
        "sys.exit(f'loaded {loaded}' if loaded else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_what_few_ever_open_is_not_there_when_the_board_is(environment: dict[str, str]) -> None:
    code = """if True:
        import sys
        from urllib.parse import urlsplit
        from fastapi.testclient import TestClient
        from notifications.compose import composer
        from secretariat.engine import Engine
        from secretariat.service import begin
        from secretariat.settings import load_settings
        from secretariat.web.app import Parts, create_app
        settings = load_settings()
        office = begin(settings)
        writer = composer(settings, office.programme)
        engine = Engine(settings, office, writer, urlsplit("smtp://127.0.0.1:1"))
        app = create_app(Parts(settings, office, writer, None, engine.health))
        page = TestClient(app, base_url="http://127.0.0.1").get("/")
        assert "Where the handover stands" in page.text
        loaded = {
            "alembic", "authlib", "cryptography", "dkim", "docx", "icalendar", "joserfc",
            "openpyxl", "prefect", "prometheus_client", "psycopg", "segno", "typst", "webauthn",
        } & set(sys.modules)
        sys.exit(f"loaded {loaded}" if loaded else 0)
    """
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


REFUSED = [
    (("status", "--at", "soon"), "no date such as"),
    (("status", "--at", "2018-03-01T10:00"), "has no zone"),
    (("run", "tea-making"), "no function “tea-making”"),
    (("som", "prepare", "SOM14", "--host", "XX", "--on", "2020-03-10"), "no member of COMMIT"),
    (("som", "prepare", "SOM14", "--host", "VN", "--on", "soon"), "neither a date"),
    (("som", "prepare", "SOM14", "--host", "TH", "--on", "2020-03-10"), "agreed to be chaired by"),
    (("som", "prepare", "tea", "--host", "VN", "--on", "2020-03-10"), "like SOM14"),
    (("som", "postpone", "SOM99", "--to", "2020-Q1", "--reason", "rain"), "no meeting “SOM99”"),
    (("holding", "accept", "som-hosting/venue-and-money@chair", "--by", "tf-kh"), "must be"),
    (("holding", "decline", "som-preparation/minutes@chair", "--by", "chair"), "reason"),
    (("sign-in", "nobody"), "no contact “nobody”"),
    (("token", "un-act-head"), "--scope"),
    (("token", "un-act-head", "--scope", "everything"), "everything"),
    (("forward", "2001-01-01"), "only goes forward"),
    (("check", "nowhere.yaml"), "cannot be read"),
    (("calendar", "show", "FR"), "“FR” is no member"),
    (("calendar", "show", "LA", "--from", "2020-01-02", "--to", "2020-01-01"), "after --from"),
    (("calendar", "next-common", "soon"), "no day such as"),
]


@pytest.mark.parametrize(("arguments", "words"), REFUSED, ids=lambda value: str(value)[:40])
def test_bad_input_gets_a_sentence_exit_code_2_and_changes_nothing(
    environment: dict[str, str], replayed: Settings, arguments: tuple[str, ...], words: str
) -> None:
    def entries() -> int:
        with opened(replayed.store_url).read() as session:
            return len(session.exec(select(Entry.seq)).all())

    before = entries()
    done = cli(*arguments, environment=environment)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert entries() == before


def somebody_listening() -> tuple[object, int]:
    import socket

    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    return listener, listener.getsockname()[1]


def test_a_start_that_cannot_succeed_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "a-file").write_text("")
    listener, taken = somebody_listening()
    ports = {
        "SECRETARIAT_PORT": str(free_port()),
        "SECRETARIAT_PREFECT_PORT": str(free_port()),
        "SECRETARIAT_DATA_DIR": str(tmp_path / "data"),
    }
    cases = [
        ({"SECRETARIAT_PORT": str(taken)}, f"SECRETARIAT_PORT={taken + 1}"),
        ({"SECRETARIAT_PREFECT_PORT": str(taken)}, f"SECRETARIAT_PREFECT_PORT={taken + 1}"),
        ({"SECRETARIAT_PORT": ports["SECRETARIAT_PREFECT_PORT"]}, "choose two"),
        ({"SECRETARIAT_BASE_URL": "board.example"}, "SECRETARIAT_BASE_URL"),
        ({"SECRETARIAT_HOST": "::"}, "SECRETARIAT_BASE_URL"),
        ({"SECRETARIAT_HOST": "203.0.113.1"}, "cannot be used"),
        ({"SECRETARIAT_MAIL_FROM": "nobody"}, "SECRETARIAT_MAIL_FROM is not understood"),
        ({"SECRETARIAT_DATABASE_URL": "postgresql://x:hush@h:port/y"}, "no database"),
        ({"SECRETARIAT_PORT": "many"}, "SECRETARIAT_PORT is not understood"),
        ({"SECRETARIAT_DATA_DIR": str(tmp_path / "a-file" / "data")}, "SECRETARIAT_DATA_DIR"),
        ({"SECRETARIAT_DATABASE_URL": "oracle://x"}, "SECRETARIAT_DATABASE_URL"),
        (
            {"SECRETARIAT_DATABASE_URL": f"postgresql://x@127.0.0.1:{free_port()}/y"},
            "cannot be used",
        ),
        (
            {"SECRETARIAT_DATABASE_URL": f"sqlite:////{tmp_path}/no/such/x.db"},
            "who may use that directory",
        ),
        ({"SECRETARIAT_SMTP_URL": "carrier-pigeon"}, "SECRETARIAT_SMTP_URL"),
        ({"SECRETARIAT_SMTP_URL": f"smtp://127.0.0.1:{free_port()}"}, "SECRETARIAT_SMTP_URL"),
        ({"SECRETARIAT_PROGRAMME": str(tmp_path / "a-file")}, "a-file"),
    ]
    for settings, words in cases:
        done = cli("up", environment=BARE | ports | settings)
        assert done.returncode == 2, settings
        assert words in done.stderr
        assert "Traceback" not in done.stderr
        assert "hush" not in done.stderr
    listener.close()  # type: ignore[attr-defined]


def test_before_anything_began_status_says_how_to_begin(tmp_path: Path) -> None:
    done = cli("status", environment=BARE | {"SECRETARIAT_DATA_DIR": str(tmp_path / "none")})
    assert done.returncode == 2
    assert "secretariat demo" in done.stderr
    assert not (tmp_path / "none").exists()


def test_a_demo_is_not_mixed_with_real_work(tmp_path: Path) -> None:
    from secretariat import service

    service.begin(Settings(data_dir=tmp_path, _env_file=None))
    done = cli("demo", "--no-serve", environment=BARE | {"SECRETARIAT_DATA_DIR": str(tmp_path)})
    assert done.returncode == 2
    assert "real work" in done.stderr


def test_init_writes_a_programme_and_settings_that_work_and_overwrites_nothing(
    tmp_path: Path,
) -> None:
    environment = BARE | {"SECRETARIAT_DATA_DIR": str(tmp_path / "data")}
    assert cli("init", environment=environment, cwd=tmp_path).returncode == 0
    checked = cli("check", environment=environment, cwd=tmp_path)
    assert "Our process: 2 members, 2 functions" in checked.stdout
    written = (tmp_path / "programme.yaml").read_text()
    again = cli("init", environment=environment, cwd=tmp_path)
    assert again.returncode == 2
    assert (tmp_path / "programme.yaml").read_text() == written


def test_every_command_explains_itself() -> None:
    commands = [
        "",
        "demo",
        "up",
        "init",
        "check",
        "status",
        "forecast",
        "som",
        "run",
        "holding",
        "sign-in",
    ]
    for command in commands:
        done = cli(*command.split(), "--help", environment=BARE)
        assert done.returncode == 0
        assert "Usage" in done.stdout
