"""Passkeys and the pages of the second factor, in a real browser with an authenticator."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Page
from sqlmodel import select

from notifications.links import SIGN_IN_MAILED
from schemas.account_tables import SecondFactor, SignedIn
from schemas.programme import Programme
from secretariat.web import sessions
from tests.served import chromium, opened_site, served
from tests.test_second_factor import STAFF
from tests.test_web import LINKS, Site


@pytest.fixture
def site(blank: Path, commit: Programme, tmp_path: Path) -> Iterator[Site]:
    with opened_site(blank, commit, tmp_path) as found:
        yield found


def mailed_link(site: Site) -> str:
    with site.bench.office.store.write() as session:
        now, until = site.bench.clock.now(), sessions.now() + timedelta(minutes=5)
        return LINKS.mint(session, SIGN_IN_MAILED, STAFF, STAFF, until, now)


def press_in(page: Page, url: str, site: Site) -> None:
    page.goto(url + mailed_link(site))
    page.click("main button")


def plug_in(page: Page) -> None:
    """A security key that is touched whenever it is asked for."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "usb",
        "hasResidentKey": False,
        "hasUserVerification": True,
        "isUserVerified": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def test_a_passkey_is_set_up_and_opens_the_board_and_no_answer_counts_twice(site: Site) -> None:
    with served(site) as url, chromium() as browser:
        page = browser.new_page()
        plug_in(page)
        press_in(page, url, site)
        assert page.url == f"{url}/second-factor"
        page.click("text=Set up a passkey")
        page.click("text=Use the passkey now")
        page.wait_for_selector("text=Print these codes")
        page.goto(url)
        assert STAFF in page.inner_text(".who")

        page.click("text=Sign out")
        press_in(page, url, site)
        page.click("text=Use a passkey")
        sent: list[str] = []
        page.on("request", lambda request: sent.append(request.post_data or ""))
        page.click("text=Use the passkey now")
        page.wait_for_url(f"{url}/")
        assert STAFF in page.inner_text(".who")

        answer = next(body for body in sent if body.startswith("credential="))
        press_in(page, url, site)
        page.click("text=Use a passkey")
        headers = {"content-type": "application/x-www-form-urlencoded"}
        again = page.request.post(f"{url}/second-factor/passkey", data=answer, headers=headers)
        assert again.status == 400
    with site.bench.office.store.read() as session:
        (kept,) = session.exec(select(SecondFactor)).all()
        assert (kept.kind, kept.contact) == ("passkey", STAFF)
        assert session.exec(select(SignedIn.factor_at)).all()[-1] is None


def test_with_script_off_an_authenticator_is_set_up_and_used(site: Site) -> None:
    with served(site) as url, chromium() as browser:
        page = browser.new_page(java_script_enabled=False)
        press_in(page, url, site)
        page.click("text=Set up an authenticator")
        secret = page.inner_text("main code").replace(" ", "")
        page.fill("input[name=code]", pyotp.TOTP(secret).now())
        page.click("text=Set it up")
        codes = page.locator("main li code").all_inner_texts()
        assert len(codes) == 10
        page.goto(f"{url}/sign-in")
        page.click("text=Sign out")
        press_in(page, url, site)
        page.fill("input[name=code]", codes[0])
        page.click("text=Go on")
        assert STAFF in page.inner_text(".who")
