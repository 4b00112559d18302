"""The pages of the window, one module each."""

from collections.abc import Callable

from ui.desktop.context import Context
from ui.desktop.page import Page
from ui.desktop.screens.accounts import AccountsPage
from ui.desktop.screens.alerts import AlertsPage
from ui.desktop.screens.auditing import AuditPage
from ui.desktop.screens.backup import BackupPage
from ui.desktop.screens.instruments import InstrumentsPage
from ui.desktop.screens.people import PeoplePage
from ui.desktop.screens.prints import PrintsPage
from ui.desktop.screens.referrals import ReferralsPage
from ui.desktop.screens.screening import ScreeningPage
from ui.desktop.screens.syncing import SyncPage
from ui.desktop.screens.today import TodayPage

PAGE_TYPES: dict[str, Callable[[Context], Page]] = {
    "today": TodayPage,
    "people": PeoplePage,
    "screening": ScreeningPage,
    "alerts": AlertsPage,
    "referrals": ReferralsPage,
    "prints": PrintsPage,
    "instruments": InstrumentsPage,
    "sync": SyncPage,
    "backup": BackupPage,
    "accounts": AccountsPage,
    "audit": AuditPage,
}
"""By the names in `ui.desktop.navigation.PAGES`."""
