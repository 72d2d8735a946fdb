"""The way to the wire for SDKs built on urllib (Slack's and SendGrid's): one request, one deadline, no redirects.

urllib follows a redirect of a POST as a GET and takes the Authorization header along to the other host.
"""

import http.client
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from urllib.error import URLError

from amends_connectors.contract import DeliveryError, Unavailable, Uncertain
from amends_connectors.sockets import BoundedSocket, Deadline, Line, NeverConnected, describe, open_connection


def opener(line: Line) -> urllib.request.OpenerDirector:
    """Opens http and https, by the proxies of the environment; errors before the first byte are NeverConnected."""
    return urllib.request.build_opener(_NoRedirects(), _Http(line), _Https(line))


@contextmanager
def exchange(provider: str) -> Iterator[None]:
    """Around one call of an SDK: what it raises becomes Unavailable if nothing was sent, else Uncertain."""
    try:
        yield
    except DeliveryError:
        raise
    except Exception as error:
        raise _outcome(provider, error) from error


def _outcome(provider: str, error: Exception) -> DeliveryError:
    cause = error.reason if isinstance(error, URLError) else error
    if isinstance(cause, NeverConnected):
        return Unavailable(f"{provider} was not reached: {cause}")
    return Uncertain(f"{provider}'s answer was lost ({type(cause).__name__})")


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_redirect: Any) -> None:
        return None


class _Http(urllib.request.HTTPHandler):
    def __init__(self, line: Line) -> None:
        super().__init__()
        self._connection = partial(_Connection, line=line)

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(self._connection, req)


class _Https(urllib.request.HTTPSHandler):
    def __init__(self, line: Line) -> None:
        context = line.context()
        super().__init__(context=context)
        self._connection = partial(_TlsConnection, line=line, context=context)

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(self._connection, req)


class _Connection(http.client.HTTPConnection):
    def __init__(self, *given: Any, line: Line, **options: Any) -> None:
        super().__init__(*given, **options)
        self._line = line
        self._create_connection = open_connection

    def connect(self) -> None:
        deadline = Deadline(self._line.answer_within)
        self.timeout = self._line.connect_within
        try:
            super().connect()
        except (OSError, UnicodeError) as error:
            self.close()
            raise NeverConnected(describe(error)) from error
        self.sock = BoundedSocket(self.sock, deadline)


class _TlsConnection(_Connection, http.client.HTTPSConnection):
    """The same within TLS; a handshake that fails has sent nothing of the request."""
