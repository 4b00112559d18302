"""xinyi county status DIR --link: lets the administrator's browser in to the server's status page."""

from __future__ import annotations

import hashlib
from urllib.parse import urlsplit

from app.errors import Problem
from app.texts import Texts
from sync.county.office import County
from sync.county.status_page import PATH
from sync.county.visits import LINK_SECONDS, Visits
from sync.papers import open_server
from ui.cli.command import Answer


def invite(county: County, address: str, texts: Texts) -> Answer:
    """A link that works once.

    Args:
        county: the opened county.
        address: where the browser reaches the server: ``https://host:port``.
        texts: the language.
    """
    parts = urlsplit(address)
    if parts.scheme != "https" or not parts.netloc or parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise Problem("county.bad_url", url=address)
    link = f"https://{parts.netloc}{PATH}/link/{Visits(county.engine).invite()}"
    # A browser does not know the certificate; the administrator compares it before a session is trusted to it.
    digest = hashlib.sha256(open_server(county.server_paper).tls_certificate).hexdigest().upper()
    fingerprint = ":".join(digest[start : start + 2] for start in range(0, len(digest), 2))
    minutes = LINK_SECONDS // 60
    text = texts("cli.county_link", link=link, minutes=minutes, fingerprint=fingerprint)
    return Answer({"link": link, "minutes": minutes, "fingerprint": fingerprint}, text)
