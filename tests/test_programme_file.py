"""The files people write: what we ship is right, and each mistake is named with its line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from schemas.acts import PlanSom
from schemas.anchor import Anchor
from schemas.programme import Programme
from secretariat.errors import BadInputError
from secretariat.programme import SHIPPED, load_history, load_programme
from tests.conftest import REPO

STARTER = load_programme(SHIPPED / "starter.yaml")
ZONES = {
    "KH": "Asia/Phnom_Penh",
    "CN": "Asia/Shanghai",
    "LA": "Asia/Vientiane",
    "MM": "Asia/Yangon",
    "TH": "Asia/Bangkok",
    "VN": "Asia/Ho_Chi_Minh",
}
# function: receiver, cadence
CATALOGUE = {
    "chair-rotation": ("chair", "per-som"),
    "som-hosting": ("chair", "per-som"),
    "task-force-convening": ("each", "quarterly"),
    "national-planning": ("each", "annual"),
    "activity-cofinancing": ("each", "annual"),
    "bilateral-agreements": ("pairs", "ad-hoc"),
    "case-management-meetings": ("pairs", "half-yearly"),
    "joint-operations": ("CN", "ad-hoc"),
    "som-preparation": ("chair", "per-som"),
    "indicator-collection": ("each", "annual"),
    "progress-evaluation": ("each", "per-som"),
    "workplan-coordination": ("chair", "annual"),
    "referral-mechanisms": ("each", "quarterly"),
    "budget-advocacy": ("each", "annual"),
    "frontline-training": ("each", "half-yearly"),
    "civil-society-platform": ("chair", "per-som"),
    "regional-liaison": ("chair", "half-yearly"),
}


class Mistake(NamedTuple):
    """``old`` stands once in the shipped file and becomes ``new``.

    The line to be named is where ``new`` begins, or where ``at`` stands in the edited text.
    """

    old: str
    new: str
    reason: str
    at: str = ""


def shipped(name: str) -> str:
    return (SHIPPED / name).read_text(encoding="utf-8")


def a_file(directory: Path, text: str) -> Path:
    path = directory / "ours.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def edited(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1, f"“{old}” is to stand once in the shipped file"
    return text.replace(old, new)


def line_of(text: str, part: str) -> int:
    assert text.count(part) == 1, f"“{part}” is to stand once in the edited file"
    return text[: text.index(part)].count("\n") + 1


def expected_line(text: str, mistake: Mistake) -> int:
    """The line number to be named, counted in the edited text."""
    if mistake.at:
        return line_of(edited(text, mistake.old, mistake.new), mistake.at)
    return line_of(text, mistake.old)


def complaints(load: Callable[[Path], object], path: Path) -> list[str]:
    """What is said about the file, a line for each mistake."""
    with pytest.raises(BadInputError) as refused:
        load(path)
    return str(refused.value).splitlines()


# -- what is shipped -------------------------------------------------------------------------------


def test_commit_has_the_seventeen_functions_of_the_catalogue(commit: Programme) -> None:
    assert {f.slug: (f.receiver, f.cadence.value) for f in commit.functions} == CATALOGUE


def test_commit_has_six_members_each_in_its_own_zone_with_its_own_holidays(
    commit: Programme,
) -> None:
    assert {member.code: member.zone for member in commit.members} == ZONES
    assert {member.code: member.calendar.holidays for member in commit.members} == {
        code: code for code in ZONES
    }


def test_commit_has_ten_of_the_fifteen_possible_mechanisms(commit: Programme) -> None:
    assert len({frozenset(mechanism.pair) for mechanism in commit.mechanisms}) == 10
    assert all(mechanism.lead in mechanism.pair for mechanism in commit.mechanisms)


def test_in_commit_china_chairs_first_then_viet_nam_and_every_member_in_turn(
    commit: Programme,
) -> None:
    assert commit.rotation[:2] == ["CN", "VN"]
    assert sorted(commit.rotation) == sorted(ZONES)


@pytest.mark.parametrize(
    ("function", "receivers"),
    [
        ("som-hosting", [("chair", "chair")]),
        ("national-planning", [(code, f"tf-{code.lower()}") for code in ZONES]),
        ("joint-operations", [("CN", "tf-cn")]),
    ],
)
def test_a_function_is_taken_over_by_the_bodies_its_receiver_names(
    commit: Programme, function: str, receivers: list[tuple[str, str]]
) -> None:
    found = commit.function(function)
    assert found
    assert commit.receivers(found) == receivers


def test_a_bilateral_function_is_taken_over_by_the_lead_of_each_pair(commit: Programme) -> None:
    function = commit.function("case-management-meetings")
    assert function
    found = commit.receivers(function)
    assert len(found) == 10
    assert ("MM-TH", "tf-th") in found
    assert ("KH-CN", "tf-kh") in found


def test_a_body_s_day_is_its_member_s_and_the_secretariat_s_is_the_programme_s(
    commit: Programme,
) -> None:
    assert commit.body_zone("tf-mm").key == "Asia/Yangon"
    assert commit.body_zone("un-act").key == "Asia/Bangkok"


def test_the_starter_is_a_small_programme_with_everything_in_it() -> None:
    assert [member.code for member in STARTER.members] == ["LA", "TH"]
    assert {function.receiver for function in STARTER.functions} == {"chair", "each"}
    assert STARTER.slug != "commit"


def test_no_shipped_address_can_reach_anybody(commit: Programme) -> None:
    contacts = [*commit.contacts, *STARTER.contacts]
    assert len(contacts) > 20
    assert not [c.email for c in contacts if not c.email.endswith(".example")]


def test_the_shipped_history_is_in_order_and_says_which_handovers_are_inferred() -> None:
    history = load_history(SHIPPED / "commit-2018.yaml")
    moments = [dated.at for dated in history.acts]
    assert moments == sorted(moments)
    assert moments[-1] <= history.until
    handovers = [dated for dated in history.acts if hasattr(dated.do, "holding")]
    assert len(handovers) > 20
    assert all(dated.inferred or dated.source for dated in handovers)


def test_the_json_schema_for_editors_is_up_to_date() -> None:
    schema = json.loads((REPO / "schemas/programme.schema.json").read_text(encoding="utf-8"))
    assert schema == Programme.model_json_schema()


# -- what is read as it is written -----------------------------------------------------------------


def test_on_is_a_key_and_not_a_truth_value() -> None:
    history = load_history(SHIPPED / "commit-2018.yaml")
    planned = [dated.do for dated in history.acts if isinstance(dated.do, PlanSom)]
    assert [act.on for act in planned] == [Anchor.model_validate("2018-Q4")]


def test_norway_is_a_country_and_not_a_truth_value(tmp_path: Path) -> None:
    text = edited(
        shipped("starter.yaml"), "calendar: {holidays: TH}     ", "calendar: {holidays: NO}"
    )
    assert load_programme(a_file(tmp_path, text)).calendar.holidays == "NO"


def test_a_file_saved_on_windows_reads_the_same(tmp_path: Path) -> None:
    path = tmp_path / "ours.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + shipped("commit.yaml").replace("\n", "\r\n").encode())
    assert load_programme(path) == load_programme(SHIPPED / "commit.yaml")


# -- mistakes --------------------------------------------------------------------------------------

IN_A_PROGRAMME = {
    "unknown member of a body": Mistake(
        "kind: task-force, member: VN",
        "kind: task-force, member: XX",
        "bodies → 8 → member: “XX” is no member of this programme",
    ),
    "unknown member of a contact": Mistake(
        "role: head, member: VN", "role: head, member: XX", "“XX” is no member of this programme"
    ),
    "unknown member in the rotation": Mistake(
        "rotation: [CN, VN", "rotation: [CN, XX", "“XX” is no member of this programme"
    ),
    "unknown member as receiver": Mistake(
        "receiver: CN", "receiver: XX", "“XX” is no member of this programme"
    ),
    "receiver that is no word for one": Mistake(
        "receiver: CN", "receiver: everybody", "Input should be 'chair', 'each' or 'pairs'"
    ),
    "unknown member in a mechanism": Mistake(
        "[KH, VN], lead: VN", "[KH, XX], lead: KH", "“XX” is no member of this programme"
    ),
    "mechanism of a member with itself": Mistake(
        "[KH, VN], lead: VN",
        "[KH, KH], lead: KH",
        "mechanisms → 3 → pair: a pair is two different members",
    ),
    "mechanism led by a third": Mistake(
        "[KH, VN], lead: VN", "[KH, VN], lead: TH", "“TH” is not one of the pair"
    ),
    "the same mechanism the other way round": Mistake(
        "[KH, VN], lead: VN", "[TH, KH], lead: KH", "“KH-TH” stands 2 times"
    ),
    "duplicate function": Mistake(
        "slug: som-hosting", "slug: chair-rotation", "“chair-rotation” stands 2 times"
    ),
    "duplicate duty": Mistake(
        "{slug: handover,", "{slug: agreement,", "“agreement” stands 2 times"
    ),
    "duplicate milestone": Mistake(
        "{slug: handover-brief,", "{slug: next-chair-agreed,", "“next-chair-agreed” stands 2 times"
    ),
    "duplicate contact": Mistake(
        "{slug: tf-kh-head,", "{slug: tf-kh-focal-point,", "“tf-kh-focal-point” stands 2 times"
    ),
    "duplicate body": Mistake("{slug: tf-vn, ", "{slug: tf-th, ", "“tf-th” stands 2 times"),
    "duplicate member": Mistake("{code: VN,", "{code: TH,", "“TH” stands 2 times"),
    "duplicate ladder": Mistake("slug: gentle", "slug: standard", "“standard” stands 2 times"),
    "ladder to a role nobody holds": Mistake(
        "role: head, email: head.task-force@kh",
        "role: deputy, email: head.task-force@kh",
        "ladders → 1 → steps → 8 → to: nobody holds the role “head” in tf-kh",
        at="{name: late-head, counted_from: due, days: 3,",
    ),
    "ladder to a role nobody has": Mistake(
        "days: 15, to: secretariat",
        "days: 15, to: minister",
        "ladders → 2 → steps → 4 → to: nobody holds the role “minister” in tf-kh",
        at="days: 15, to: minister",
    ),
    "two steps of a ladder with one name": Mistake(
        "{name: due-today,",
        "{name: due-soon,",
        "ladders → 1 → steps → 7 → name: “due-soon” stands twice in this ladder",
        at="{name: due-soon, counted_from: due, days: 0,",
    ),
    "reminder that is never sent": Mistake(
        "{name: due-today, counted_from: due, days: 0, to: focal-point}",
        "{name: due-today, counted_from: due, days: 3, to: head, unless: acknowledged}",
        "never sent: “late-head” goes to the same role at the same moment",
    ),
    "reminder without end before the day": Mistake(
        "{name: due-today, counted_from: due, days: 0,",
        "{name: due-today, counted_from: due, days: -4, repeat_every: 1,",
        "begins before the day it is due and never ends",
    ),
    "number of times without days between": Mistake(
        "{name: due-today, counted_from: due, days: 0,",
        "{name: due-today, counted_from: due, days: 0, times: 3,",
        "times: it is not said after how many days it repeats",
    ),
    "alternate nobody knows": Mistake(
        "{slug: tf-kh-head,",
        "{slug: tf-kh-head, alternate: tf-kh-deputy,",
        "alternate: “tf-kh-deputy” is no contact of this programme",
    ),
    "alternate of itself": Mistake(
        "{slug: tf-kh-head,",
        "{slug: tf-kh-head, alternate: tf-kh-head,",
        "in a circle: tf-kh-head → tf-kh-head",
    ),
    "secretariat that is none": Mistake(
        "secretariat: un-act", "secretariat: tf-kh", "“tf-kh” is no body of kind secretariat"
    ),
    "contact of an unknown body": Mistake(
        "{slug: un-act-head, body: un-act",
        "{slug: un-act-head, body: un-fact",
        "“un-fact” is no body of this programme",
    ),
    "member without a task force": Mistake(
        "kind: task-force, member: VN",
        "kind: task-force, member: TH",
        "Viet Nam has no task force among the bodies",
        at="{code: VN,",
    ),
    "milestone with an unknown ladder": Mistake(
        "asks: host, lead_time: 15, ladder: gentle",
        "asks: host, lead_time: 15, ladder: harsh",
        "functions → 2 → milestones → 7 → ladder: “harsh” is no ladder of this programme",
    ),
    "milestone without a word of a ladder that is gone": Mistake(
        "slug: standard",
        "slug: usual",
        "“standard” is no ladder of this programme",
        at="{slug: next-chair-agreed,",
    ),
    "host of what is held without one": Mistake(
        'title: "National plan reviewed", offset: -40, asks: task-forces',
        'title: "National plan reviewed", offset: -40, asks: host',
        "only a function held per SOM has its host to ask",
    ),
    "bad date": Mistake(
        "closes: 2020-06-30", "closes: 2020-06-31", "closes: Input should be a valid date"
    ),
    "unknown zone": Mistake(
        "Myanmar, zone: Asia/Yangon",
        "Myanmar, zone: Asia/Yangoon",
        "“Asia/Yangoon” is not a time zone such as Asia/Vientiane",
    ),
    "public holidays of no known country": Mistake(
        "lo, calendar: {holidays: LA}", "lo, calendar: {holidays: XX}", "XX"
    ),
    "bad address": Mistake(
        "email: coordinator@un-act.example", "email: coordinator", "not a valid email address"
    ),
    "words for a number": Mistake(
        "acknowledge_within: 10", "acknowledge_within: soon", "Input should be a valid integer"
    ),
    "slug with a capital": Mistake(
        "slug: som-hosting", "slug: SOM-hosting", "“SOM-hosting” is not written as it must be"
    ),
    "unknown key": Mistake(
        "closes: 2020-06-30", "closed: 2020-06-30", "closed: there is no such key here"
    ),
    "unknown key deep inside": Mistake(
        "offset: -60, asks: chair, lead_time: 30,",
        "offset: -60, asks: chair, leadtime: 30,",
        "functions → 1 → milestones → 1 → leadtime: there is no such key here",
    ),
    "unknown key over a list": Mistake(
        "\nmechanisms:", "\nmechanism:", "there is no such key here", at="mechanism:"
    ),
    "number for a key": Mistake("name: COMMIT\n", "name: COMMIT\n13: SOM\n", "13", at="13: SOM"),
    "missing key": Mistake(
        "    name: SOM hosting\n",
        "",
        "functions → 2 → name: this key is missing",
        at="  - slug: som-hosting",
    ),
    "missing key at the top": Mistake(
        "secretariat: un-act\n", "", "secretariat: this key is missing", at="slug: commit"
    ),
    "missing key on one line": Mistake(
        " email: coordinator@un-act.example,", "", "contacts → 2 → email: this key is missing"
    ),
    "repeated key": Mistake(
        "chair: chair\n",
        "chair: chair\nname: The same again\n",
        "the key “name” stands twice",
        at="name: The same again",
    ),
    "repeated key deep inside": Mistake(
        "{code: VN, name: Viet Nam,",
        "{code: VN, code: TH, name: Viet Nam,",
        "the key “code” stands twice",
    ),
    "tab that indents": Mistake("    name: SOM hosting", "\tname: SOM hosting", "tab"),
    "tab at the top": Mistake("secretariat: un-act", "\tsecretariat: un-act", "tab"),
    "tab before a value": Mistake(
        "    name: SOM hosting", "    name:\n\t- SOM hosting", "tab", at="\t- SOM hosting"
    ),
    "colon within words": Mistake(
        "name: COMMIT\n", "name: COMMIT: the process\n", "mapping values are not allowed"
    ),
    "placeholder left in": Mistake("name: COMMIT\n", "name: {{name}}\n", "a key is a single word"),
    "exclamation mark before a word": Mistake("name: COMMIT\n", "name: !great COMMIT\n", "great"),
}
IN_A_HISTORY = {
    "time without a zone": Mistake(
        '"2018-03-26T10:00+07:00"',
        '"2018-03-26T10:00"',
        "at: the time 2018-03-26T10:00 has no zone; write it like 2018-03-01T09:00+07:00",
    ),
    "end without a zone": Mistake(
        "until: 2019-01-03T10:00+07:00", "until: 2019-01-03T10:00", "until: the time"
    ),
    "day without a time": Mistake(
        '"2017-10-23T09:00+07:00"', "2017-10-23", "the time 2017-10-23 has no zone"
    ),
    "day without hyphens": Mistake('"2017-10-23T09:00+07:00"', "20170904", ""),
    "bad date": Mistake('"2017-10-23T09', '"2017-10-32T09', "Input should be a valid datetime"),
    "act before the one before it": Mistake(
        '"2017-09-18T09:00+07:00"',
        '"2017-09-01T09:00+07:00"',
        "acts → 3 → at: earlier than the act before it",
    ),
    "unknown act": Mistake("act: take-chair", "act: take-charge", "take-charge"),
    "quarter there is none of": Mistake(
        "on: 2018-Q4", "on: 2018-Q5", "“2018-Q5” is neither a date like 2020-03-10, nor a month"
    ),
    "meeting without a number": Mistake(
        "take-chair, som: SOM13", "take-chair, som: SOM", "“SOM” is not written as it must be"
    ),
    "refusal without a reason": Mistake(
        ', reason: "The chair\'s office has no staff for the follow-up yet."',
        "",
        "reason: this key is missing",
    ),
    "unknown key": Mistake(
        "take-chair, som: SOM13", "take-chair, som: SOM13, why: so", "there is no such key here"
    ),
}


@pytest.mark.parametrize("mistake", IN_A_PROGRAMME.values(), ids=IN_A_PROGRAMME.keys())
def test_a_mistake_in_a_programme_is_named_with_file_line_and_reason(
    tmp_path: Path, mistake: Mistake
) -> None:
    text = shipped("commit.yaml")
    path = a_file(tmp_path, edited(text, mistake.old, mistake.new))
    place = f"{path}:{expected_line(text, mistake)}: "
    assert [
        c for c in complaints(load_programme, path) if c.startswith(place) and mistake.reason in c
    ]


@pytest.mark.parametrize("mistake", IN_A_HISTORY.values(), ids=IN_A_HISTORY.keys())
def test_a_mistake_in_a_history_is_named_with_file_line_and_reason(
    tmp_path: Path, mistake: Mistake
) -> None:
    text = shipped("commit-2018.yaml")
    path = a_file(tmp_path, edited(text, mistake.old, mistake.new))
    place = f"{path}:{expected_line(text, mistake)}: "
    assert [
        c for c in complaints(load_history, path) if c.startswith(place) and mistake.reason in c
    ]


@pytest.mark.parametrize("endless", ["&name [*name]", "[" * 5000 + "]" * 5000])
def test_a_list_without_end_is_refused(tmp_path: Path, endless: str) -> None:
    text = edited(shipped("commit.yaml"), "name: COMMIT\n", f"name: {endless}\n")
    path = a_file(tmp_path, text)
    [complaint] = complaints(load_programme, path)
    assert "this nests too deeply" in complaint or "valid string" in complaint


def test_lists_that_share_lists_are_read_as_fast_as_they_are_written(tmp_path: Path) -> None:
    """Thirty lines that stand for a thousand million."""
    bomb = "".join(f"b{n}: &b{n} [*b{n - 1}, *b{n - 1}]\n" for n in range(1, 30))
    path = a_file(tmp_path, "b0: &b0 {name: x}\n" + bomb)
    assert f"{path}:30: b29: there is no such key here" in complaints(load_programme, path)


def test_all_mistakes_are_named_at_once(tmp_path: Path) -> None:
    text = edited(shipped("commit.yaml"), "[KH, VN], lead: VN", "[KH, VN], lead: TH")
    text = edited(text, "asks: host, lead_time: 15, ladder: gentle", "asks: host, ladder: harsh")
    path = a_file(tmp_path, text)
    assert [complaint.split(": ")[0] for complaint in complaints(load_programme, path)] == [
        f"{path}:{line_of(text, part)}" for part in ("[KH, VN], lead: TH", "ladder: harsh")
    ]


def test_a_chair_whose_head_nobody_is_would_get_no_escalations_and_is_refused(
    tmp_path: Path,
) -> None:
    """The other members' heads answer only while they hold the chair."""
    text = shipped("commit.yaml")
    lines = [line for line in text.splitlines() if "slug: chair-vn-head" not in line]
    path = a_file(tmp_path, "\n".join(lines))
    assert any("VN" in complaint for complaint in complaints(load_programme, path))


def test_alternates_that_lead_in_a_circle_are_refused(tmp_path: Path) -> None:
    text = edited(
        shipped("commit.yaml"), "{slug: tf-kh-head,", "{slug: tf-kh-head, alternate: tf-vn-head,"
    )
    text = edited(text, "{slug: tf-vn-head,", "{slug: tf-vn-head, alternate: tf-kh-head,")
    assert any(
        "tf-kh-head → tf-vn-head → tf-kh-head" in complaint
        for complaint in complaints(load_programme, a_file(tmp_path, text))
    )


def test_a_ladder_that_never_climbs_above_the_focal_point_is_refused(tmp_path: Path) -> None:
    """Who acknowledges and does nothing must not be waited for in silence."""
    text = shipped("starter.yaml")
    lines = [line for line in text.splitlines() if "{name: late-" not in line]
    path = a_file(tmp_path, "\n".join(lines))
    [complaint] = complaints(load_programme, path)
    assert "nobody above the focal point is told" in complaint
    assert complaint.startswith(f"{path}:{line_of(path.read_text(), '    steps:')}:")


def test_a_milestone_has_its_own_ladder_else_the_one_of_its_function(commit: Programme) -> None:
    hosting, planning = commit.function("som-hosting"), commit.function("national-planning")
    assert hosting
    assert planning
    named = {m.slug: commit.ladder(hosting, m).slug for m in hosting.milestones}
    assert (named["host-confirmed"], named["costs-settled"]) == ("standard", "gentle")
    assert {commit.ladder(planning, m).slug for m in planning.milestones} == {"gentle"}


def test_a_history_without_acts_is_refused(tmp_path: Path) -> None:
    path = a_file(tmp_path, "name: x\nsource: x\nuntil: 2019-01-03T10:00+07:00\nacts: []\n")
    [complaint] = complaints(load_history, path)
    assert complaint.startswith(f"{path}:4: acts: List should have at least 1 item")


def test_what_is_not_utf_8_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "ours.yaml"
    path.write_bytes("name: Comité".encode("latin-1"))
    with pytest.raises(BadInputError) as refused:
        load_programme(path)
    assert str(refused.value) == f"{path} is not UTF-8 text."


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "nowhere.yaml"
    with pytest.raises(BadInputError) as refused:
        load_programme(path)
    assert str(refused.value) == f"{path} cannot be read: No such file or directory."


def test_a_directory_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(BadInputError) as refused:
        load_programme(tmp_path)
    assert str(refused.value).startswith(f"{tmp_path} cannot be read")


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing but a remark\n", "- a\n- list\n", "words"])
def test_a_file_without_keys_and_values_is_refused_by_name(tmp_path: Path, text: str) -> None:
    path = a_file(tmp_path, text)
    assert complaints(load_programme, path) == [f"{path}: this is not a file of keys and values."]
