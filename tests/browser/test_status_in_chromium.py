"""The status page in a real Chromium that runs no scripts."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait
from sqlalchemy import update

from sync.county import tables
from sync.county.office import County
from sync.county.status_page import COOKIE
from tests.browser.chromium import DESK, PHONE, Browser, chromium
from tests.browser.lively import COUNTY, Lively

if TYPE_CHECKING:
    from tests.browser.conftest import Served

HOSTILE = "<script>document.title='hurt'</script><img src=https://elsewhere.invalid/x onerror=alert(1)>"


def text(browser: Browser) -> str:
    return browser.driver.find_element(By.TAG_NAME, "body").text


def is_gone(element: WebElement) -> bool:
    """Whether the page that it was on has been left. The driver has several words for that, one of them for a moment only."""
    try:
        element.is_enabled()
    except WebDriverException:
        return True
    return False


def press(browser: Browser, words: str) -> None:
    page = browser.driver.find_element(By.TAG_NAME, "html")
    browser.driver.find_element(By.XPATH, f"//button[text()='{words}'] | //a[text()='{words}']").click()
    WebDriverWait(browser.driver, 30).until(lambda _: is_gone(page))


def sign_in(browser: Browser, served: Served) -> None:
    browser.driver.get(served.link())
    press(browser, "进入")


def test_a_link_shows_the_county_and_lets_nobody_else_in(browser: Browser, served: Served) -> None:
    link = served.link()
    browser.driver.get(link)
    assert COUNTY not in text(browser)
    press(browser, "进入")
    assert browser.driver.current_url == f"{served.url}/status"
    assert COUNTY in text(browser)
    assert "公卫科电脑" in text(browser)
    browser.clear()
    browser.driver.get(link)
    press(browser, "进入")
    assert "这个链接不能用了" in text(browser)
    assert COUNTY not in text(browser)


def test_looking_at_a_link_does_not_use_it_up(browser: Browser, served: Served) -> None:
    link = served.link()
    for _ in range(3):
        browser.driver.get(link)
    press(browser, "进入")
    assert COUNTY in text(browser)


def test_a_link_that_is_too_old_is_refused_with_what_to_do(browser: Browser, served: Served) -> None:
    link = served.link()
    county = County(served.folder)
    with tables.writing(county.engine) as connection:
        connection.execute(update(tables.visit).where(tables.visit.c.kind == "link").values(expires=int(time.time())))
    county.close()
    browser.driver.get(link)
    press(browser, "进入")
    assert "这个链接不能用了" in text(browser)
    assert "xinyi county status" in text(browser)


def test_who_is_not_signed_in_sees_nothing(browser: Browser, served: Served) -> None:
    browser.driver.get(f"{served.url}/status")
    assert "请先登录" in text(browser)
    assert COUNTY not in text(browser)


def test_signing_out_ends_it_also_for_the_back_button(browser: Browser, served: Served) -> None:
    sign_in(browser, served)
    press(browser, "退出")
    assert "请先登录" in text(browser)
    browser.driver.back()
    assert COUNTY not in text(browser)


def test_signing_out_in_all_browsers_ends_the_others(browser: Browser, served: Served, tmp_path: Path) -> None:
    with chromium(tmp_path / "another") as other:
        sign_in(other, served)
        sign_in(browser, served)
        press(browser, "在所有浏览器上退出")
        press(other, "刷新")
        assert "请先登录" in text(other)


def test_the_session_is_out_of_reach_of_pages_and_of_lines_that_are_not_sealed(
    browser: Browser, served: Served
) -> None:
    sign_in(browser, served)
    cookie = browser.driver.get_cookie(COOKIE)
    assert cookie is not None
    assert (cookie["httpOnly"], cookie["secure"], cookie["sameSite"], cookie["path"]) == (True, True, "Strict", "/")
    assert 7 * 3600 < cookie["expiry"] - time.time() <= 8 * 3600


def test_everything_comes_from_the_server_and_nothing_complains(browser: Browser, served: Served) -> None:
    sign_in(browser, served)
    press(browser, "English")
    asked = browser.requested()
    assert len(asked) >= 4
    assert {urlsplit(url)[:2] for url in asked if not url.startswith("data:")} == {
        ("https", urlsplit(served.url).netloc)
    }
    assert browser.complaints() == []


def test_the_language_is_the_browsers_until_another_one_is_chosen(browser: Browser, served: Served) -> None:
    browser.shape(DESK, language="en-GB")
    browser.driver.get(served.link())
    press(browser, "Enter")
    assert "Stations and devices" in text(browser)
    press(browser, "中文")
    assert "站点和设备" in text(browser)
    press(browser, "刷新")
    assert "站点和设备" in text(browser)
    press(browser, "退出")
    assert "请先登录" in text(browser)


def test_names_from_elsewhere_do_nothing_even_where_scripts_run(served: Served, tmp_path: Path) -> None:
    county = County(served.folder)
    Lively(county, int(time.time())).admit(HOSTILE, HOSTILE, 30 * 86400)
    county.close()
    with chromium(tmp_path / "scripts", scripts=True) as browser:
        sign_in(browser, served)
        assert HOSTILE in text(browser)
        assert COUNTY in browser.driver.title
        assert not [url for url in browser.requested() if "elsewhere" in url]
        assert browser.complaints() == []


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_page_fits_its_screen_and_can_be_read(
    browser: Browser, served: Served, size: tuple[int, int], *, dark: bool
) -> None:
    sign_in(browser, served)
    browser.shape(size, dark=dark)
    browser.driver.refresh()
    width = browser.evaluate("document.documentElement.scrollWidth")
    assert width <= size[0]
    faint = browser.evaluate(CONTRAST)
    assert faint >= 4.5, "WCAG AA for text of ordinary size"


CONTRAST = """
(() => {
  const channels = colour => colour.match(/[0-9.]+/g).map(Number);
  const light = colour => channels(colour).slice(0, 3).map(one => one / 255)
    .map(one => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4)
    .reduce((sum, one, at) => sum + one * [0.2126, 0.7152, 0.0722][at], 0);
  const ground = element => {
    for (; element; element = element.parentElement) {
      const colour = getComputedStyle(element).backgroundColor;
      if (channels(colour)[3] !== 0) return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  let worst = 21;
  for (const element of document.querySelectorAll('body *')) {
    if (![...element.childNodes].some(one => one.nodeType === 3 && one.data.trim())) continue;
    const pair = [light(getComputedStyle(element).color), light(ground(element))];
    worst = Math.min(worst, (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05));
  }
  return worst;
})()
"""
