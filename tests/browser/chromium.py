"""A real Chromium without a window, as Debian ships it: nothing is downloaded, nothing of the user is read."""

from __future__ import annotations

import base64
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

DESK, PHONE = (1366, 768), (390, 844)


class Browser:
    """Chromium, with the few things that the tests and the pictures of the guide need."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    def shape(self, size: tuple[int, int], *, dark: bool = False, language: str = "zh-CN") -> None:
        """How large the screen is, light or dark, and in which language the browser asks."""
        width, height = size
        self._command(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=size == PHONE
        )
        looks = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self._command("Emulation.setEmulatedMedia", features=looks)
        self._command("Network.setExtraHTTPHeaders", headers={"Accept-Language": language})

    def clear(self) -> None:
        """Forget all cookies and everything that was logged."""
        self._command("Network.clearBrowserCookies")
        self.driver.get("about:blank")
        self.requested()
        self.complaints()

    def picture(self, file: Path) -> None:
        """Save the whole page."""
        size = self._command("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        image = self._command("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)["data"]
        file.write_bytes(base64.b64decode(image))

    def evaluate(self, expression: str) -> Any:
        """What an expression comes to in the page, which may run no scripts of its own."""
        answer = self._command("Runtime.evaluate", expression=expression, returnByValue=True)
        return answer["result"]["value"]

    def requested(self) -> list[str]:
        """The addresses that pages have asked for since the last look."""
        messages = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        urls = [one["params"]["request"]["url"] for one in messages if one["method"] == "Network.requestWillBeSent"]
        # The browser's own first page is made of parts of the browser.
        return [url for url in urls if not url.startswith("chrome://")]

    def complaints(self) -> list[str]:
        """What the console says since the last look."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def _command(self, name: str, **parameters: object) -> dict[str, Any]:
        answer: dict[str, Any] = self.driver.execute_cdp_cmd(name, parameters)
        return answer


@contextmanager
def chromium(profile: Path, *, scripts: bool = False) -> Iterator[Browser]:
    """A browser with an empty profile; it takes certificates that nobody vouches for, and runs scripts only if asked."""
    options = Options()
    options.binary_location = _program("chromium", "chromium-browser")
    options.accept_insecure_certs = True
    for one in ("--headless=new", f"--user-data-dir={profile}", "--disable-background-networking", "--no-first-run"):
        options.add_argument(one)
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.add_argument("--no-sandbox")  # root has no sandbox to be put into
    options.add_argument("--disable-dev-shm-usage")  # containers have little of it
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    if not scripts:
        options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
    driver = webdriver.Chrome(options, Service(_program("chromedriver")))
    try:
        driver.execute_cdp_cmd("Network.enable", {})
        browser = Browser(driver)
        browser.shape(DESK)
        yield browser
    finally:
        driver.quit()


def _program(*names: str) -> str:
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found is None:
        raise FileNotFoundError(names[0])
    return found
