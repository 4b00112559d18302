"""Whether this computer has a network, and whether it is paid by volume, as far as the system tells."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtNetwork import QNetworkInformation

_AWAY = QNetworkInformation.Reachability.Disconnected


class Network(QObject):
    """Watches the network. Where the system has no way to tell, there always is one and it costs nothing.

    Signals:
        came: there is one that was not there, or that leads further than before.
        changed: anything is otherwise than before.
    """

    came = Signal()
    changed = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        QNetworkInformation.loadDefaultBackend()
        self._information = QNetworkInformation.instance()
        if self._information is not None:
            self._information.reachabilityChanged.connect(self._changed)
            self._information.isMeteredChanged.connect(self.changed)

    @property
    def is_away(self) -> bool:
        """Whether there is no network at all."""
        return self._information is not None and self._information.reachability() == _AWAY

    @property
    def is_metered(self) -> bool:
        """Whether it is paid by volume."""
        return self._information is not None and self._information.isMetered()

    def _changed(self) -> None:
        # Also from the local network to the whole one: the county's server may be behind it.
        if not self.is_away:
            self.came.emit()
        self.changed.emit()
