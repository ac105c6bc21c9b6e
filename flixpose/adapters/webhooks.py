"""Telling somebody's server that a batch has ended: owed by the batch's own row, signed, tried again.

A call is owed while `told_for` is not the batch's last end, so the transaction that closes a batch is also
the one that owes its call, and nothing can get lost between. The receiver may hear of the same end twice; the
`X-Flixpose-Delivery` header is then the same.
"""

import hashlib
import hmac
import ipaddress
import json
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

from sqlalchemy import Connection, Row, insert, or_, select, update

from flixpose import __version__
from flixpose.adapters.database import Database, ago
from flixpose.adapters.tables import batches, webhooks
from flixpose.errors import FlixposeError, ForbiddenUri
from flixpose.settings import Settings, redact
from flixpose.structures.batch import FINAL_STATES

ATTEMPTS = 8
_FIRST_PAUSE_S = 10.0
_LEASE_S = 60.0  # nobody else calls meanwhile
_TIMEOUT_S = 10.0
_LONGEST_URL = 1000

Resolver = Callable[[str, int], list[str]]


class WebhookFailed(FlixposeError):
    code: ClassVar[str] = "webhook_failed"
    retry = True
    remedy = "Look at the receiving server; it is called again, up to eight times in about 15 hours."


@dataclass(frozen=True, slots=True)
class Policy:
    """Who may be called, and how the calls are signed.

    Attributes:
        ca: a file of certificates (PEM) that are trusted beside the system's.
    """

    secret: str
    hosts: tuple[str, ...]
    schemes: tuple[str, ...] = ("https",)
    private: bool = False
    ca: Path | None = None

    @classmethod
    def of(cls, settings: Settings) -> "Policy":
        return cls(
            settings.webhook_secret,
            settings.webhook_hosts,
            settings.webhook_schemes,
            settings.webhook_private,
            settings.webhook_ca,
        )

    def check(self, url: str) -> str:
        """The URL, if it may be called. Raises ForbiddenUri."""
        shown = redact(url[:_LONGEST_URL])
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            parts, port = urlsplit(""), 0
        named = bool(self.secret) and parts.hostname in self.hosts and parts.scheme in self.schemes
        if not named or port == 0 or parts.username is not None or len(url) > _LONGEST_URL:
            raise ForbiddenUri(
                f"{shown} is no webhook that may be called.",
                subject=shown,
                advice="Set FLIXPOSE_WEBHOOK_SECRET, and name the host in FLIXPOSE_WEBHOOK_HOSTS and the "
                "scheme in FLIXPOSE_WEBHOOK_SCHEMES (https by default).",
            )
        return url


def owe_webhook(connection: Connection, batch_id: str, url: str) -> None:
    """Call `url` when the batch has ended."""
    connection.execute(insert(webhooks).values(batch_id=batch_id, url=url, attempt=0, given_up=False))


def call_due(database: Database, policy: Policy, resolve: Resolver | None = None) -> list[str]:
    """Make the calls that are due; what came of each: "told", "again" or "given_up".

    Raises: DatabaseUnavailable.
    """
    outcomes = []
    while row := database.run(_take):
        body = _body(row)
        try:
            call(row.url, body, delivery=_delivery(row), policy=policy, resolve=resolve or addresses)
        except FlixposeError as failure:
            outcomes.append(_failed(database, row, failure))
        else:
            _told(database, row)
            outcomes.append("told")
    return outcomes


def call(url: str, body: bytes, *, delivery: str, policy: Policy, resolve: Resolver) -> None:
    """POST the signed body. No redirect is followed, and only the address that was checked is called.

    Raises: ForbiddenUri, WebhookFailed.
    """
    parts = urlsplit(policy.check(url))
    host, https = str(parts.hostname), parts.scheme == "https"
    port = parts.port or (443 if https else 80)
    address = _address(host, port, policy, resolve)
    connection = _connection(host, port, address, _trust(host, policy) if https else None)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request("POST", target, body, _headers(body, delivery, policy.secret))
        status = connection.getresponse().status
    except (OSError, HTTPException) as failure:
        raise WebhookFailed(f"{host} was not reached ({type(failure).__name__}).", subject=host) from failure
    finally:
        connection.close()
    if not 200 <= status < 300:
        raise WebhookFailed(f"{host} answered {status}.", subject=host)


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """The signature header's value: HMAC-SHA256 over timestamp, a full stop and the body."""
    return f"sha256={hmac.new(secret.encode(), timestamp.encode() + b'.' + body, hashlib.sha256).hexdigest()}"


def addresses(host: str, port: int) -> list[str]:
    """The host's IP addresses. Raises OSError."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def _address(host: str, port: int, policy: Policy, resolve: Resolver) -> str:
    try:
        found = resolve(host, port)
    except OSError as failure:
        raise WebhookFailed(f"{host} has no address.", subject=host) from failure
    for address in found:
        # Every one of them: a name that also leads inside is a trap.
        if not policy.private and not ipaddress.ip_address(address.partition("%")[0]).is_global:
            raise ForbiddenUri(f"{host} leads to a private address.", subject=host)
    return found[0]


def _trust(host: str, policy: Policy) -> ssl.SSLContext:
    """Whose certificates count. Raises WebhookFailed: the file of the settings cannot be used."""
    context = ssl.create_default_context()
    try:
        if policy.ca is not None:
            context.load_verify_locations(policy.ca)
    except OSError as failure:
        raise WebhookFailed(
            f"{host} was not called: FLIXPOSE_WEBHOOK_CA={policy.ca} is no file of certificates.",
            subject=host,
        ) from failure
    return context


def _connection(host: str, port: int, address: str, trust: ssl.SSLContext | None) -> HTTPConnection:
    """To `address`, speaking as if to `host`: a second look-up could lead elsewhere."""
    connection = HTTPConnection(host, port, timeout=_TIMEOUT_S)
    connection.default_port = 80 if trust is None else 443  # what the Host header leaves out

    def connect() -> None:
        connection.sock = socket.create_connection((address, port), _TIMEOUT_S)
        if trust is not None:
            connection.sock = trust.wrap_socket(connection.sock, server_hostname=host)

    connection.connect = connect  # type: ignore[method-assign]
    return connection


def _headers(body: bytes, delivery: str, secret: str) -> dict[str, str]:
    from time import time

    timestamp = str(int(time()))
    return {
        "Content-Type": "application/json",
        "User-Agent": f"flixpose/{__version__}",
        "X-Flixpose-Timestamp": timestamp,
        "X-Flixpose-Signature": sign(secret, timestamp, body),
        "X-Flixpose-Delivery": delivery,
    }


def _take(connection: Connection) -> Row[object] | None:
    """One call that is due, with its batch; nobody else takes it for a minute."""
    owed = or_(webhooks.c.told_for.is_(None), webhooks.c.told_for < batches.c.finished_at)
    due = or_(webhooks.c.due_at.is_(None), webhooks.c.due_at <= ago(0))
    columns = [webhooks.c.url, webhooks.c.attempt, *batches.c]
    query = (
        select(*columns)
        .join(batches, batches.c.id == webhooks.c.batch_id)
        .where(batches.c.finished_at.is_not(None), owed, due, webhooks.c.given_up.is_(False))
        .with_for_update(skip_locked=True, of=webhooks)
        .limit(1)
    )
    row = connection.execute(query).first()
    if row is not None:
        _set(connection, row.id, due_at=ago(-_LEASE_S))
    return row


def _told(database: Database, row: Row[object]) -> None:
    values = {"told_for": row.finished_at, "due_at": None, "attempt": 0, "error": None}
    database.run(lambda connection: _set(connection, row.id, **values))


def _failed(database: Database, row: Row[object], failure: FlixposeError) -> str:
    attempt = row.attempt + 1
    given_up = attempt >= ATTEMPTS or not failure.retry
    due = ago(-_FIRST_PAUSE_S * 4**row.attempt)
    values = {"attempt": attempt, "due_at": due, "given_up": given_up, "error": failure.message}
    database.run(lambda connection: _set(connection, row.id, **values))
    return "given_up" if given_up else "again"


def _set(connection: Connection, batch_id: str, **values: object) -> None:
    connection.execute(update(webhooks).where(webhooks.c.batch_id == batch_id).values(**values))


def _delivery(row: Row[object]) -> str:
    return f"{row.id}@{row.finished_at.isoformat()}"


def _body(row: Row[object]) -> bytes:
    said = {
        "event": "batch.finished",
        "batch": row.id,
        "key": row.key,
        "total": row.total,
        "counts": {state: getattr(row, state) for state in FINAL_STATES},
        "finished_at": row.finished_at.isoformat(),
    }
    return json.dumps(said).encode()
