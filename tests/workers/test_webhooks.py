"""Calls of webhooks: signed, owed until they are heard, and to nobody but whom the settings name."""

import hashlib
import hmac
import json
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from flixpose.adapters.database import ago
from flixpose.adapters.jobs import JobStore
from flixpose.adapters.tables import webhooks
from flixpose.adapters.webhooks import ATTEMPTS, Policy, WebhookFailed, addresses, call, call_due
from flixpose.errors import ForbiddenUri
from flixpose.settings import load_settings
from tests.adapters.samples import jobs, result
from tests.databases import database, database_url, store  # noqa: F401
from tests.workers.service import Service

SECRET = "a secret of some length"
HERE = Policy(SECRET, ("localhost",), ("http",), private=True)


class Receiver:
    """A server on loopback that answers with the statuses of `answers`, then 204."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.heard: list[tuple[dict[str, str], bytes]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.heard.append((dict(self.headers), body))
                status = receiver.answers.pop(0) if receiver.answers else 204
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", receiver.url + "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Quiet."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://localhost:{self.server.server_port}/ended?shop=1"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


def certificate(folder: Path, host: str) -> tuple[Path, Path]:
    """A certificate that vouches for itself, and its key; PEM files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = folder / f"{host}.pem", folder / f"{host}.key"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    files[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, *private))
    return files


def secured(receiver: Receiver, files: tuple[Path, Path]) -> str:
    """Has the receiver speak TLS with this certificate; its URL."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    receiver.server.socket = context.wrap_socket(receiver.server.socket, server_side=True)
    return receiver.url.replace("http:", "https:")


def test_https_is_spoken_with_whom_a_certificate_vouches_for(receiver: Receiver, tmp_path: Path) -> None:
    files = certificate(tmp_path, "localhost")
    url = secured(receiver, files)
    policy = Policy(SECRET, ("localhost",), private=True)  # https and nothing else, by default
    trusting = replace(policy, ca=files[0])
    call(url, b"{}", delivery="d", policy=trusting, resolve=addresses)
    ((headers, body),) = receiver.heard
    assert body == b"{}" and headers["X-Flixpose-Signature"].startswith("sha256=")
    for distrusting in (
        policy,  # nobody vouches for it
        replace(policy, ca=certificate(tmp_path, "elsewhere")[0]),
    ):
        with pytest.raises(WebhookFailed, match="SSLCertVerificationError"):
            call(url, b"{}", delivery="d", policy=distrusting, resolve=addresses)
    with pytest.raises(WebhookFailed, match="FLIXPOSE_WEBHOOK_CA"):
        call(url, b"{}", delivery="d", policy=replace(policy, ca=tmp_path / "none"), resolve=addresses)
    assert len(receiver.heard) == 1


def test_a_certificate_for_another_name_is_none(receiver: Receiver, tmp_path: Path) -> None:
    files = certificate(tmp_path, "elsewhere.example")
    policy = Policy(SECRET, ("localhost",), private=True, ca=files[0])
    with pytest.raises(WebhookFailed, match="SSLCertVerificationError"):
        call(secured(receiver, files), b"{}", delivery="d", policy=policy, resolve=addresses)
    assert not receiver.heard


def finished_batch(store: JobStore, url: str) -> str:  # noqa: F811
    batch = store.create_batch(jobs(1), key="spring", manifest_sha256="0" * 64, webhook=url).id
    (message,) = store.unpublished()
    (claim,) = store.claim(message.item_ids, "w")
    assert call_due(store.database, HERE) == []  # not before its end
    store.finish(claim, result(claim.job))
    return batch


def make_due(store: JobStore) -> None:  # noqa: F811
    with store.database.transaction() as connection:
        connection.execute(webhooks.update().values(due_at=ago(1)))


def test_the_end_of_a_batch_is_told_once_and_signed(store: JobStore, receiver: Receiver) -> None:  # noqa: F811
    batch = finished_batch(store, receiver.url)
    assert call_due(store.database, HERE) == ["told"] and call_due(store.database, HERE) == []
    ((headers, body),) = receiver.heard
    said = json.loads(body)
    assert said["batch"] == batch and said["key"] == "spring" and said["counts"]["done"] == 1
    stamp = headers["X-Flixpose-Timestamp"]
    assert abs(time.time() - int(stamp)) < 60
    mac = hmac.new(SECRET.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    assert headers["X-Flixpose-Signature"] == f"sha256={mac}"
    assert headers["X-Flixpose-Delivery"].startswith(batch)


def test_a_batch_that_ends_again_is_told_again(store: JobStore, receiver: Receiver) -> None:  # noqa: F811
    batch = store.create_batch(jobs(1), key=None, manifest_sha256="0" * 64, webhook=receiver.url).id
    store.cancel(batch)
    assert call_due(store.database, HERE) == ["told"]
    store.retry(batch)
    assert call_due(store.database, HERE) == []
    store.cancel(batch)
    assert call_due(store.database, HERE) == ["told"]
    assert len({headers["X-Flixpose-Delivery"] for headers, _ in receiver.heard}) == 2


def test_a_call_that_fails_is_made_again_later_and_given_up_in_the_end(
    store: JobStore,  # noqa: F811
    receiver: Receiver,
) -> None:
    finished_batch(store, receiver.url)
    receiver.answers = [500, 302] + [503] * ATTEMPTS
    outcomes = []
    for _ in range(ATTEMPTS + 1):
        outcomes += call_due(store.database, HERE)
        make_due(store)
    assert outcomes == ["again"] * (ATTEMPTS - 1) + ["given_up"]
    assert len(receiver.heard) == ATTEMPTS  # the redirect was not followed
    with store.database.transaction() as connection:
        error = connection.execute(webhooks.select()).one().error
    assert error == "localhost answered 503."


@pytest.mark.parametrize(
    "url",
    [
        "https://localhost/x",  # a scheme that is not allowed here
        "http://example.com/x",
        "http://localhost.example.com/x",
        "http://me:hunter2@localhost/x",
        "file:///etc/passwd",
        "http://localhost:0/x",
        "http://localhost:99999/x",
        "http://[::1/x",
        "http://localhost/" + "x" * 1000,
    ],
)
def test_only_named_hosts_and_schemes_are_called(url: str) -> None:
    with pytest.raises(ForbiddenUri) as failure:
        HERE.check(url)
    assert "hunter2" not in str(failure.value)


@pytest.mark.parametrize("inside", ["127.0.0.1", "10.0.0.7", "169.254.169.254", "::1", "fe80::1%eth0"])
def test_no_name_leads_into_the_own_network(inside: str, receiver: Receiver) -> None:
    policy = Policy(SECRET, ("localhost",), ("http",))
    with pytest.raises(ForbiddenUri, match="private"):
        call(receiver.url, b"{}", delivery="d", policy=policy, resolve=lambda host, port: ["1.1.1.1", inside])
    with pytest.raises(ForbiddenUri, match="private"):
        call(receiver.url, b"{}", delivery="d", policy=policy, resolve=addresses)
    assert not receiver.heard


def test_without_a_secret_nobody_is_called() -> None:
    settings = load_settings({"HOME": "/tmp", "FLIXPOSE_WEBHOOK_HOSTS": "example.com"})
    with pytest.raises(ForbiddenUri, match="example") as failure:
        Policy.of(settings).check("https://example.com/x")
    assert "FLIXPOSE_WEBHOOK_SECRET" in failure.value.advice


def test_settings_show_no_secret() -> None:
    settings = load_settings({"HOME": "/tmp", "FLIXPOSE_WEBHOOK_SECRET": SECRET})
    assert SECRET not in repr(settings) and settings.webhook_secret == SECRET


@pytest.mark.services
def test_the_relay_tells(service: Service, receiver: Receiver, tmp_path: Path) -> None:
    files = certificate(tmp_path, "localhost")
    service.variables |= {
        "FLIXPOSE_WEBHOOK_SECRET": SECRET,
        "FLIXPOSE_WEBHOOK_HOSTS": "localhost",
        "FLIXPOSE_WEBHOOK_PRIVATE": "yes",
        "FLIXPOSE_WEBHOOK_CA": str(files[0]),
    }
    batch = service.submit(["ok"], webhook=secured(receiver, files))
    service.relay()
    service.worker()
    service.wait(batch)
    service.until(lambda: len(receiver.heard) == 1)
    assert SECRET not in service.logs()
