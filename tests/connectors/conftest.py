"""What the tests of the connectors share: a clock that stands still, and deliveries of each kind."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))
pytest.register_assert_rewrite("conformance")

NOW = datetime(2026, 3, 1, 12, 10, tzinfo=UTC)


@pytest.fixture
def clock():
    return lambda: NOW


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def no_names(monkeypatch):
    """A resolver that knows no name."""
    import socket

    def fail(*_given, **_options):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """A certificate of its own for localhost: the file and its key."""
    folder = tmp_path_factory.mktemp("tls")
    file, key = folder / "cert.pem", folder / "key.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,DNS:hooks.example"]
    kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    command = ["openssl", "req", *kind, *subject, "-out", file, "-keyout", key]
    subprocess.run(command, check=True, capture_output=True)
    return file, key
