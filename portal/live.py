"""The portal alone, live: what ``mynasim portal`` runs, without anything of the simulated world."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import trio

from portal.app import SCHEMAS, Browsers, PortalSecrets, build
from portal.links.link import Recorder, unrecorded
from portal.mail.carriers import MailCarrier, SmtpCarrier
from portal.refusal import Refusal
from portal.seams.chance import Chance
from portal.seams.clock import Clock
from portal.seams.workshop import InThreads
from portal.secrets import Secrets
from portal.serving.hosting import Build, LiveLinks, OverTls, host
from portal.serving.limits import DEFAULTS, ServingLimits
from portal.serving.listen import Bound
from portal.serving.system import BuiltSystem, Surroundings
from portal.settings import PortalSettings
from portal.wire.systems import System


class SmtpAddress(NamedTuple):
    """Where mails are handed over."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> "SmtpAddress":
        """Raises ``ValueError`` with what is wrong, in Japanese."""
        host_name, _, port = text.rpartition(":")
        if not host_name or not port.isdigit():
            raise ValueError(f"SMTPの宛先 {text!r} は「ホスト名:ポート」の形で書いてください。")
        return cls(host_name, int(port))


class TrustMissing(Refusal):
    """No CA certificate to trust: nobody could sign in."""


def read_trust(folder: Path) -> tuple[bytes, ...]:
    """The CA certificates (DER) in this folder. Raises :class:`TrustMissing`."""
    certificates = tuple(path.read_bytes() for path in sorted(folder.glob("*.der")))
    if not certificates:
        raise TrustMissing(
            f"{folder} に認証局の証明書（*.der）がありません。先に mynasim world を起動するか、"
            "設定 [portal] の trust_folder に証明書のあるフォルダーを書いてください。"
        )
    return certificates


def browsers_at(addresses: Mapping[System, str], origin: str = "") -> Browsers:
    """How browsers come to a portal at these addresses; *origin* is where they find it over TLS.

    Listening everywhere, it is found where they say they found it.
    """
    origin = origin or addresses[System.PORTAL]
    everywhere = urlsplit(origin).hostname in ("0.0.0.0", "::")  # noqa: S104 - compared, not bound
    return Browsers("" if everywhere else origin, addresses[System.CARD_DESK])


def builder(
    settings: PortalSettings,
    secrets: Secrets,
    trust: Sequence[bytes],
    mail: MailCarrier,
    browsers: Browsers,
) -> Build:
    """How :func:`portal.serving.hosting.host` builds the portal."""
    portal_secrets = PortalSecrets(
        secrets.master_key, secrets.challenge_key, secrets.csrf_key, secrets.operator_password
    )

    def build_it(surroundings: Surroundings) -> BuiltSystem:
        return build(surroundings, settings, portal_secrets, trust, mail, browsers, InThreads())[0]

    return build_it


async def run_portal(
    settings: PortalSettings,
    secrets: Secrets,
    trust: Sequence[bytes],
    addresses: Mapping[System, str],
    smtp: SmtpAddress,
    bound: Bound,
    state: Path,
    clock: Clock,
    chance: Chance,
    *,
    record: Recorder = unrecorded,
    limits: ServingLimits = DEFAULTS,
    over_tls: OverTls | None = None,
    task_status: trio.TaskStatus[BuiltSystem] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Run until cancelled."""
    links = LiveLinks(addresses, secrets.link, clock, record, limits)
    browsers = browsers_at(addresses, "" if over_tls is None else over_tls.origin)
    build_it = builder(settings, secrets, trust, SmtpCarrier(*smtp), browsers)
    try:
        await host(
            System.PORTAL,
            build_it,
            SCHEMAS,
            bound,
            state,
            links,
            clock,
            chance,
            store_url=settings.store,
            lane=settings.lane,
            limits=limits,
            over_tls=over_tls,
            task_status=task_status,
        )
    finally:
        await links.aclose()
