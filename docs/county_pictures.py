"""Makes the pictures of the county's guide: the status page of an invented county, in a real Chromium.

Run from the root of the project: ``.venv/bin/python -m docs.county_pictures``. Pictures go to ``docs/pictures``.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from selenium.webdriver.common.by import By

from sync.county.office import County
from sync.county.visits import Visits
from tests.browser.chromium import DESK, PHONE, Browser, chromium
from tests.browser.lively import Lively
from ui.demo.server import ServerProcess

FOLDER = Path(__file__).resolve().parent / "pictures"
LOOKS = (
    ("zh-light", DESK, False, "zh-CN"),
    ("zh-dark", DESK, True, "zh-CN"),
    ("en-light", DESK, False, "en"),
    ("zh-phone", PHONE, False, "zh-CN"),
)


def take(browser: Browser, name: str) -> None:
    """Save what the browser shows."""
    file = FOLDER / f"county-{name}.png"
    browser.picture(file)
    print(f"docs/pictures/{file.name}")


def main() -> int:
    """Make the county, serve it, look at it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "county"
        Lively.make(folder, int(time.time()))
        county = County(folder)
        token = Visits(county.engine).invite()
        county.close()
        with ServerProcess(folder) as server, chromium(Path(name) / "profile") as browser:
            browser.driver.get(f"{server.url}/status/link/{token}")
            take(browser, "entrance")
            browser.driver.find_element(By.TAG_NAME, "button").click()
            for look, size, dark, language in LOOKS:
                browser.shape(size, dark=dark, language=language)
                browser.driver.get(f"{server.url}/status")
                take(browser, look)
    return 0


if __name__ == "__main__":
    sys.exit(main())
