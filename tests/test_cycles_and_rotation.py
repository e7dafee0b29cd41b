"""Cycles and their anchors, whose turn the chair is, and moments as people type them."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from schemas.anchor import Anchor
from schemas.programme import Cadence, Milestone, Programme
from secretariat import cycles, rotation
from secretariat.errors import BadInputError
from secretariat.moments import in_words, moment_of, parse_moment
from secretariat.rotation import Said, turns
from tests.conftest import at

ONE_DAY = timedelta(days=1)
DAYS = st.dates(date(1995, 1, 1), date(2199, 12, 31))
CADENCES = st.sampled_from(Cadence)
ZONES = st.sampled_from(
    [
        "Asia/Phnom_Penh",
        "Asia/Shanghai",
        "Asia/Vientiane",
        "Asia/Yangon",
        "Asia/Bangkok",
        "Asia/Ho_Chi_Minh",
    ]
)
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m)))
INSTANTS = st.builds(datetime.combine, DAYS, st.times(), OFFSETS)


class Meeting(BaseModel):
    on: Anchor


def an_anchor(words: str) -> Anchor:
    return Anchor.model_validate(words)


def a_milestone(asks: str) -> Milestone:
    words = {"slug": "papers", "title": "Papers handed in", "offset": -20, "asks": asks}
    return Milestone.model_validate(words)


# -- anchors ---------------------------------------------------------------------------------------


def test_an_anchor_is_a_firm_day() -> None:
    assert an_anchor("2020-03-10") == Anchor(day=date(2020, 3, 10))


def test_a_month_is_tentative_and_counted_from_its_last_day() -> None:
    april = an_anchor("2019-04")
    assert april == Anchor(day=date(2019, 4, 30), months=1)
    assert (april.first, april.tentative) == (date(2019, 4, 1), True)
    assert (str(april), april.words) == ("2019-04", "April 2019")


@pytest.mark.parametrize(
    ("quarter", "last_day"),
    [
        ("2018-Q4", date(2018, 12, 31)),
        ("2019-Q1", date(2019, 3, 31)),
        ("2019-Q2", date(2019, 6, 30)),
        ("2019-Q3", date(2019, 9, 30)),
    ],
)
def test_a_quarter_is_tentative_and_counted_from_its_last_day(quarter: str, last_day: date) -> None:
    assert an_anchor(quarter) == Anchor(day=last_day, months=3)


@pytest.mark.parametrize(
    "words",
    [
        "",
        "soon",
        "2019",
        "2019-Q0",
        "2019-Q5",
        "2019Q1",
        "2019-q1",
        "2019-Q1 ",
        "2019-Q1\n",
        "0000-Q1",
        "2019-02-29",
        "2019-13-01",
        "10 March 2020",
        "10/03/2020",
        "2020-03-10T09:00",
        "๒๐๑๙-Q1",
    ],
)
def test_other_words_are_no_anchor(words: str) -> None:
    with pytest.raises(ValidationError):
        an_anchor(words)


def test_a_bad_anchor_is_told_what_a_good_one_looks_like() -> None:
    with pytest.raises(ValidationError, match=r"a date like 2020-03-10, nor a month"):
        an_anchor("next spring")


ANCHOR_WORDS = st.one_of(
    DAYS.map(date.isoformat),
    st.builds("{}-Q{}".format, st.integers(1900, 2199), st.integers(1, 4)),
)


@given(ANCHOR_WORDS)
def test_an_anchor_is_written_as_it_was_read(words: str) -> None:
    assert str(an_anchor(words)) == words
    assert an_anchor(str(an_anchor(words))) == an_anchor(words)


@given(ANCHOR_WORDS)
def test_an_anchor_keeps_its_words_through_json(words: str) -> None:
    meeting = Meeting.model_validate({"on": words})
    assert Meeting.model_validate_json(meeting.model_dump_json()) == meeting
    assert meeting.model_dump(mode="json") == {"on": words}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("2020-03-10", "10 March 2020"),
        ("2019-01-01", "1 January 2019"),
        ("2019-Q1", "first quarter of 2019"),
        ("2018-Q4", "fourth quarter of 2018"),
    ],
)
def test_people_read_an_anchor_in_words(words: str, said: str) -> None:
    assert an_anchor(words).words == said


# -- cycles ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cadence", "day", "name"),
    [
        (Cadence.ANNUAL, "2018-01-01", "2018"),
        (Cadence.AD_HOC, "2018-12-31", "2018"),
        (Cadence.HALF_YEARLY, "2018-06-30", "2018-H1"),
        (Cadence.HALF_YEARLY, "2018-07-01", "2018-H2"),
        (Cadence.QUARTERLY, "2018-03-31", "2018-Q1"),
        (Cadence.QUARTERLY, "2018-04-01", "2018-Q2"),
        (Cadence.QUARTERLY, "2018-09-30", "2018-Q3"),
        (Cadence.QUARTERLY, "2018-10-01", "2018-Q4"),
    ],
)
def test_a_cycle_is_named_by_its_period(cadence: Cadence, day: str, name: str) -> None:
    assert cycles.name_on(cadence, date.fromisoformat(day)) == name


@given(CADENCES, DAYS)
def test_every_day_lies_in_the_cycle_named_after_it(cadence: Cadence, day: date) -> None:
    name = cycles.name_on(cadence, day)
    anchor = cycles.last_day(name, cadence)
    assert day <= anchor.day
    assert not anchor.tentative
    assert cycles.name_on(cadence, anchor.day) == name


@given(CADENCES, DAYS)
def test_the_day_after_the_last_day_is_in_the_next_cycle(cadence: Cadence, day: date) -> None:
    name = cycles.name_on(cadence, day)
    assert cycles.name_on(cadence, cycles.last_day(name, cadence).day + ONE_DAY) != name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "SOM13",
        "18",
        "20188",
        "0000",
        "0000-H1",
        "2018-",
        "2018-H0",
        "2018-H3",
        "2018-Q5",
        "2018-q1",
        "2018-01",
        "2018-H1-",
        "2018 ",
        "2018\n",
        "-2018",
        "201²",
        "๒๐๑๘",
    ],
)
def test_what_names_no_period_is_refused(name: str) -> None:
    with pytest.raises(BadInputError, match="is no period such as 2018, 2018-H2 or 2018-Q4"):
        cycles.last_day(name, Cadence.ANNUAL)


@pytest.mark.parametrize(
    ("name", "cadence", "fitting"),
    [
        ("2019", Cadence.HALF_YEARLY, "2019-H2"),
        ("2019-H1", Cadence.QUARTERLY, "2019-Q2"),
        ("2019-Q4", Cadence.ANNUAL, "2019"),
    ],
)
def test_a_cycle_of_another_cadence_is_refused_and_a_fitting_one_named(
    name: str, cadence: Cadence, fitting: str
) -> None:
    with pytest.raises(BadInputError, match=f"no cycle of a function that is .*; {fitting} is"):
        cycles.last_day(name, cadence)


@given(
    st.text(max_size=8) | st.from_regex(r"\d{4}(-[HQ]\d)?", fullmatch=True),
    st.sampled_from(Cadence),
)
@example("9999", Cadence.ANNUAL)
@example("9999-Q4", Cadence.QUARTERLY)
def test_any_name_is_refused_or_is_a_period_its_last_day_lies_in(
    name: str, cadence: Cadence
) -> None:
    try:
        last = cycles.last_day(name, cadence).day
    except BadInputError:
        return
    half, quarter = (last.month + 5) // 6, (last.month + 2) // 3
    assert name in {f"{last.year:04}", f"{last.year:04}-H{half}", f"{last.year:04}-Q{quarter}"}


@pytest.mark.parametrize(
    ("asks", "host", "bodies"),
    [
        ("secretariat", None, ["un-act"]),
        ("chair", None, ["chair"]),
        ("host", "CN", ["tf-cn"]),
        ("host", None, []),
        ("task-forces", None, ["tf-kh", "tf-cn", "tf-la", "tf-mm", "tf-th", "tf-vn"]),
        ("owners", None, ["tf-kh", "tf-vn", "un-act"]),
    ],
)
def test_a_milestone_asks_each_body_once(
    commit: Programme, asks: str, host: str | None, bodies: list[str]
) -> None:
    owners = ["un-act", "tf-vn", "tf-kh", "tf-vn"]
    assert cycles.asked(a_milestone(asks), commit, "un-act", owners, host) == bodies


# -- rotation --------------------------------------------------------------------------------------


@given(st.lists(st.text(min_size=1), min_size=1, max_size=12, unique=True), st.data())
def test_the_chair_goes_round_all_members_and_comes_back(
    order: list[str], data: st.DataObject
) -> None:
    first = data.draw(st.integers(1, 900))
    chairs = [turn.member for turn in turns(order, Said(), f"SOM{first}", 2 * len(order))]
    assert chairs == order * 2


def in_turn(*order: str, count: int = 0, **said: Any) -> list[str | None]:
    """Who chairs SOM1, SOM2, …"""
    found = turns(order, Said(**said), "SOM1", count or len(order))
    return [turn.member for turn in found]


def test_who_passes_a_turn_is_first_for_the_meeting_after() -> None:
    assert in_turn("A", "B", "C", passed={"SOM1": ("A",)}) == ["B", "A", "C"]
    assert in_turn("A", "B", "C", passed={"SOM1": ("A", "B"), "SOM2": ("A",)}, count=4) == [
        "C", "B", "A", "C",
    ]  # fmt: skip


def test_when_everybody_passes_nobody_is_left() -> None:
    assert in_turn("A", "B", passed={"SOM1": ("A", "B")}) == [None, "A"]


def test_a_swap_exchanges_two_turns_once() -> None:
    assert in_turn("A", "B", "C", swaps={"SOM1": ("A", "C")}, count=6) == [
        "C", "B", "A", "C", "B", "A",
    ]  # fmt: skip


def test_who_is_agreed_out_of_turn_goes_to_the_end_and_the_others_keep_their_places() -> None:
    assert in_turn("A", "B", "C", agreed={"SOM1": ("B", "formal")}, count=4) == ["B", "A", "C", "B"]


@given(st.permutations("ABCDEF"), st.data())
def test_whatever_is_passed_nobody_waits_longer_than_the_others_have_turns(
    order: list[str], data: st.DataObject
) -> None:
    """Who passes nothing chairs once in as many meetings as there are members."""
    passing = data.draw(st.sets(st.sampled_from(order), max_size=len(order) - 1))
    some = st.lists(st.sampled_from(sorted(passing)), unique=True) if passing else st.just([])
    passed = {f"SOM{n}": tuple(data.draw(some)) for n in range(1, len(order) + 1)}
    assert set(order) - passing <= set(in_turn(*order, passed=passed))


def test_an_alphabetical_line_begins_where_it_is_said(commit: Programme) -> None:
    line = commit.changed(turns="alphabetical", rotation=["TH"]).turn_order
    assert line == ["TH", "VN", "KH", "CN", "LA", "MM"]
    assert commit.turn_order == ["CN", "VN", "KH", "LA", "MM", "TH"]


@given(st.integers(0, 998))
def test_meetings_are_counted(number: int) -> None:
    assert rotation.number(f"SOM{number}") == number
    assert rotation.following(f"SOM{number}") == f"SOM{number + 1}"


# -- moments ---------------------------------------------------------------------------------------


@given(DAYS, ZONES)
def test_a_day_is_meant_whole_where_it_is_typed(day: date, zone: str) -> None:
    moment = parse_moment(day.isoformat(), zone)
    just_after = moment + timedelta(microseconds=1)
    assert moment.astimezone(ZoneInfo(zone)).date() == day
    assert just_after.astimezone(ZoneInfo(zone)).date() == day + ONE_DAY


def test_the_end_of_2018_is_earlier_in_china_than_in_myanmar() -> None:
    assert parse_moment("2018-12-31", "Asia/Shanghai") < at("2018-12-31T16:00Z")
    assert parse_moment("2018-12-31", "Asia/Yangon") > at("2018-12-31T17:29:59Z")


@given(INSTANTS, ZONES, st.sampled_from("T "))
def test_an_instant_is_taken_as_it_says_wherever_it_is_typed(
    moment: datetime, zone: str, between: str
) -> None:
    assert parse_moment(moment.isoformat(between), zone) == moment


@pytest.mark.parametrize("text", ["2018-03-01T09:00", "2018-03-01 09:00:30", "2018-03-01T00"])
def test_a_time_without_a_zone_is_refused(text: str) -> None:
    with pytest.raises(BadInputError, match=r"has no zone; write it like 2018-03-01T09:00\+07:00"):
        parse_moment(text, "Asia/Bangkok")


@pytest.mark.parametrize(
    "text",
    ["", " ", "soon", "31.12.2018", "2018-12-32", "2018-02-29", "2018-13-01T09:00+07:00", "12:00"],
)
def test_nonsense_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(BadInputError, match="is no date such as 2018-12-31"):
        parse_moment(text, "Asia/Bangkok")


@given(st.text(max_size=30) | st.datetimes(timezones=OFFSETS).map(datetime.isoformat), ZONES)
@example("9999-12-31", "Asia/Bangkok")
@example("0001-01-01T00:00+14:00", "Asia/Bangkok")
@example("9999-12-31T23:00-05:00", "Asia/Bangkok")
def test_whatever_is_typed_is_refused_or_is_an_instant_any_zone_can_read(
    text: str, zone: str
) -> None:
    try:
        moment = parse_moment(text, zone)
    except BadInputError:
        return
    assert moment.astimezone(UTC) == moment


@given(INSTANTS)
def test_what_lies_ahead_is_not_known_and_becomes_now(moment: datetime) -> None:
    now = at("2019-01-03T03:00Z")
    found = moment_of(moment.isoformat(), "Asia/Bangkok", now)
    assert found == (moment if moment < now else now)


@pytest.mark.parametrize(
    ("zone", "moment", "said"),
    [
        ("Asia/Yangon", "2018-12-20T17:30Z", "the end of Thursday, 20 December 2018"),
        ("Asia/Bangkok", "2018-12-20T17:30Z", "Friday, 21 December 2018, 00:30"),
        ("Asia/Bangkok", "2018-12-31T17:00Z", "the end of Monday, 31 December 2018"),
        ("Asia/Shanghai", "2018-12-31T17:00Z", "Tuesday, 1 January 2019, 01:00"),
    ],
)
def test_an_instant_is_read_on_the_reader_s_own_clock(zone: str, moment: str, said: str) -> None:
    assert in_words(zone)(at(moment)) == said


@given(DAYS, ZONES)
def test_what_is_due_on_a_day_is_read_as_the_end_of_that_day(day: date, zone: str) -> None:
    over = datetime.combine(day + ONE_DAY, datetime.min.time(), ZoneInfo(zone)).astimezone(UTC)
    assert in_words(zone)(over) == f"the end of {day:%A}, {day.day} {day:%B %Y}"
