"""Who may do what: each role at each route, as the one table has it, and nothing by who may not."""

import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

import pytest
from fastapi.routing import APIRoute
from httpx import Response
from sqlmodel import update

from schemas.account_tables import SignedIn
from schemas.acts import AgreeChair
from schemas.programme import Programme
from schemas.scope import Scope
from secretariat import rights
from secretariat.rights import NONE, Right, Role
from secretariat.web.signin import Needs
from tests.conftest import REPO
from tests.served import opened_site
from tests.test_doors import bearer
from tests.test_links import dump
from tests.test_obligations import HOST
from tests.test_web import Site

PEOPLE = {
    Role.NOBODY: None,
    Role.OBSERVER: "donors-focal-point",
    Role.TASK_FORCE: "tf-kh-head",
    Role.WAITING: "chair-mm-head",
    Role.TROIKA: "chair-vn-head",
    Role.CHAIR: "chair-cn-head",
    Role.STAFF: "un-act-head",
    Role.ADMIN: "operations-focal-point",
}
SAFE = {"GET", "HEAD"}
OF_THE_BROWSER = ("/sign-in", "/sign-out", "/theme", "/language")
OPEN = (Right.READ_BOARD, Right.USE_LINK, Right.SIGN_IN)


@pytest.fixture(scope="module")
def site(
    blank: Path, commit: Programme, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """China in the chair, Viet Nam agreed to follow: every role there is has somebody in it."""
    with opened_site(blank, commit, tmp_path_factory.mktemp("rights")) as found:
        found.bench.office.do(AgreeChair(som="SOM14", member="VN"), by="chair")
        yield found


def routes(site: Site) -> list[APIRoute]:
    """Every route there is but the files of the looks; of whatever kind, none is passed over."""
    doors = [door for door in site.app.routes if getattr(door, "path", "") != "/static"]
    found = [route for door in doors for route in getattr(door, "original_router", door).routes]
    assert len(found) > 70
    assert all(isinstance(route, APIRoute) for route in found)
    return found


def needed(route: APIRoute) -> list[Right]:
    calls = [dependency.call for dependency in route.dependant.dependencies]
    return [call.right for call in calls if isinstance(call, Needs)]


def path_of(route: APIRoute) -> str:
    """The route's path about something that may be there or not; rights come first."""
    known = {"key": HOST, "number": "1", "year": "2018", "form": "csv"}
    return re.sub(r"{(\w+)[^}]*}", lambda name: known.get(name[1], "SOM14"), route.path)


def by_token(site: Site, role: Role, scopes: Iterable[Scope]) -> None:
    """A program with a token of somebody in the role."""
    site.browser.cookies.clear()
    contact = PEOPLE[role]
    assert contact
    site.browser.headers.update(bearer(site, contact, scopes))


def come(site: Site, role: Role) -> None:
    """A browser of somebody in the role."""
    site.browser.cookies.clear()
    site.browser.headers.pop("Authorization", None)
    if contact := PEOPLE[role]:
        site.sign_in(contact)


def ask(site: Site, method: str, path: str) -> Response:
    data = {} if method == "POST" else None
    return site.browser.request(method, path, data=data)


def at_each(
    site: Site, role: Role, *, allowed: bool, scopes: Collection[Scope] | None = None
) -> list[tuple[str, str]]:
    return [
        (method, path_of(route))
        for route in routes(site)
        for method in sorted(route.methods)
        if may(role, needed(route)[0], scopes) is allowed
    ]


def may(role: Role, right: Right, scopes: Collection[Scope] | None) -> bool:
    """Said here once more, in other words: a token adds nothing, and bounds all but the open."""
    within = scopes is None or right in OPEN or any(right in rights.SCOPES[s] for s in scopes)
    return rights.may(role, right) and within


def test_every_route_names_the_one_right_it_needs(site: Site) -> None:
    assert [route.path for route in routes(site) if len(needed(route)) != 1] == []


def test_what_changes_anything_is_open_to_nobody_but_by_link_and_to_sign_in(site: Site) -> None:
    for route in routes(site):
        if not route.methods <= SAFE:
            (right,) = needed(route)
            by_link = route.path.startswith("/link/")
            assert by_link is (right is Right.USE_LINK)
            assert right not in OPEN or by_link or route.path in OF_THE_BROWSER


@pytest.mark.parametrize("role", PEOPLE)
def test_who_lacks_the_right_is_refused_and_nothing_is_changed(site: Site, role: Role) -> None:
    refused = at_each(site, role, allowed=False)
    assert refused or role is Role.STAFF
    come(site, role)
    before = dump(site.bench.office.store)
    answers = {one: ask(site, *one).status_code for one in refused}
    assert answers == dict.fromkeys(refused, 403)
    assert dump(site.bench.office.store) == before


@pytest.mark.parametrize("role", PEOPLE)
def test_who_has_the_right_is_let_in(site: Site, role: Role) -> None:
    come(site, role)
    for method, path in at_each(site, role, allowed=True):
        is_let_in(site, method, path)
        if "sign-out" in path:
            come(site, role)


def is_let_in(site: Site, method: str, path: str) -> None:
    if method == "HEAD" or path == "/events":
        return  # as GET, which takes its time; and what is told as it happens never ends
    answer = ask(site, method, path).status_code
    site.app.state.refused = type(site.app.state.refused)()
    site.app.state.asking = type(site.app.state.asking)()
    assert answer < 500, (method, path)
    assert answer != 403 or path.startswith("/link/"), (method, path)


@pytest.mark.parametrize("scope", Scope)
@pytest.mark.parametrize("role", [role for role in PEOPLE if PEOPLE[role]])
def test_a_token_is_refused_outside_its_scope_with_the_scope_it_needs(
    site: Site, role: Role, scope: Scope
) -> None:
    refused = at_each(site, role, allowed=False, scopes=(scope,))
    by_token(site, role, (scope,))
    before = dump(site.bench.office.store)
    for method, path in refused:
        answer = ask(site, method, path)
        assert answer.status_code == 403, (method, path)
        assert answer.headers["content-type"] == "application/problem+json"
    assert dump(site.bench.office.store) == before


@pytest.mark.parametrize("scope", Scope)
@pytest.mark.parametrize("role", [Role.TASK_FORCE, Role.STAFF, Role.ADMIN])
def test_a_token_is_let_in_within_its_scope(site: Site, role: Role, scope: Scope) -> None:
    by_token(site, role, (scope,))
    for method, path in at_each(site, role, allowed=True, scopes=(scope,)):
        if "sign-out" not in path:
            is_let_in(site, method, path)


def test_the_refusal_of_a_token_names_the_scope_it_needs(site: Site) -> None:
    by_token(site, Role.STAFF, (Scope.READ,))
    said = site.browser.post("/api/acts", json={}).json()
    assert said["scope"] == "act"
    assert "needs the scope “act”; this one has: read." in said["title"]
    assert site.browser.get("/metrics").json()["scope"] == "monitor"
    by_token(site, Role.OBSERVER, (Scope.READ,))
    assert "scope" not in site.browser.post("/api/acts", json={}).json()  # none would help


def test_a_token_to_monitor_reads_the_program_s_figures_and_is_shown_no_more_than_anybody(
    site: Site,
) -> None:
    come(site, Role.NOBODY)
    shown = site.browser.get("/").text
    by_token(site, Role.STAFF, (Scope.MONITOR,))
    assert "secretariat_ledger_entries" in site.browser.get("/metrics").text
    assert site.browser.get("/").text == shown


def test_a_token_made_before_there_were_scopes_may_what_its_contact_may(site: Site) -> None:
    by_token(site, Role.STAFF, ())
    assert site.browser.get("/metrics").status_code == 403
    with site.bench.office.store.write() as session:
        session.exec(update(SignedIn).values(scopes=None))
    for path in ("/metrics", "/mail", "/account"):
        assert site.browser.get(path).status_code == 200


def test_scopes_share_no_right_and_leave_accounts_to_people() -> None:
    within = [right for rights_of in rights.SCOPES.values() for right in rights_of]
    assert len(within) == len(set(within))
    assert set(Right) - set(within) - set(OPEN) == {
        Right.HAVE_ACCOUNT, Right.READ_CAUGHT, Right.SET_UP, Right.ADMINISTER,
    }  # fmt: skip


def test_each_contact_has_the_role_of_its_body_and_the_chair_s_follow_the_rotation(
    site: Site,
) -> None:
    from secretariat.web.sessions import role_now

    office = site.bench.office
    with office.store.read() as session:
        for role, slug in PEOPLE.items():
            found = office.programme.contact(slug or "")
            assert found is None or role_now(office, session, found) is role


def test_nobody_signed_in_only_reads_and_opens_links(site: Site) -> None:
    assert {right for right in Right if rights.may(Role.NOBODY, right)} == set(OPEN)


def test_nobody_has_more_than_who_steers_but_for_accounts(site: Site) -> None:
    for right in set(Right) - {Right.ADMINISTER, Right.READ_CAUGHT}:
        reaches = [rights.over(role, right) for role in Role]
        assert rights.over(Role.STAFF, right) is max(reaches, key=list(rights.Over).index)
    for right in (Right.STEER, Right.ACT, Right.READ_MAILS):
        assert rights.over(Role.ADMIN, right) is NONE


def test_the_documentation_has_the_table_as_it_is() -> None:
    said = (REPO / "docs/rights.md").read_text(encoding="utf-8")
    assert rights.as_markdown() in said
    assert rights.scopes_as_markdown() in said
