"""The pages of the window, one module each."""

from ui.desktop.page import Page
from ui.desktop.screens.today import TodayPage

PAGE_TYPES: dict[str, type[Page]] = {
    "today": TodayPage,
    "people": TodayPage,
    "screening": TodayPage,
    "alerts": TodayPage,
    "prints": TodayPage,
    "sync": TodayPage,
}
"""By the names in `ui.desktop.navigation.PAGES`."""
