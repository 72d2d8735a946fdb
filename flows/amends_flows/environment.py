"""How Prefect is set up when Amends runs it: local, quiet, and telling nobody."""

from collections.abc import Mapping
from pathlib import Path

_QUIET = {
    "DO_NOT_TRACK": "1",  # Prefect's client reports its first use otherwise
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED": "false",  # one request less for each run
    "PREFECT_CLI_PROMPT": "false",
    # A log line or a traceback may quote a customer: the state and the artifact of a run say enough.
    "PREFECT_LOGGING_TO_API_ENABLED": "false",
    "PREFECT_LOGGING_LEVEL": "WARNING",
    "PREFECT_LOGGING_COLORS": "false",
}
_LOCAL_HOSTS = ("127.0.0.1", "localhost")


def client_environment(home: Path, api_url: str) -> dict[str, str]:
    """Environment variables for a process that runs flows; they count only if set before Prefect is imported.

    home: Prefect's own folder, so that a profile in the user's home cannot point elsewhere.
    """
    return {
        **_QUIET,
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": api_url,
        # Prefect puts a handler of its own on the root logger: what goes wrong is ours to say.
        "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
        "PREFECT_LOGGING_HANDLERS_DEBUG_LEVEL": "CRITICAL",
    }


def server_environment(home: Path, outside: Mapping[str, str], port: int | None = None) -> dict[str, str]:
    """The whole environment of the embedded server: the outside one, without what would lead it elsewhere."""
    kept = {name: value for name, value in outside.items() if name not in _MISLEADING}
    return {
        **kept,
        **_QUIET,
        "PREFECT_HOME": str(home),
        # its pages ask port 4200 otherwise
        **({"PREFECT_UI_API_URL": f"http://127.0.0.1:{port}/api"} if port else {}),
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
        "PREFECT_SERVER_REGISTER_BLOCKS_ON_START": "false",  # a second of each start, and no flow of ours uses them
    }


_MISLEADING = frozenset({"PREFECT_API_URL", "PREFECT_PROFILE", "PREFECT_PROFILES_PATH", "PREFECT_SERVER_API_BASE_PATH"})


def without_proxy(outside: Mapping[str, str]) -> dict[str, str]:
    """NO_PROXY with the local hosts added: a proxy cannot reach a server on this machine's loopback."""
    listed = outside.get("NO_PROXY") or outside.get("no_proxy") or ""
    hosts = ",".join(dict.fromkeys((*filter(None, listed.split(",")), *_LOCAL_HOSTS)))
    return {"NO_PROXY": hosts, "no_proxy": hosts}
