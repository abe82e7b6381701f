"""Keys and passwords of the environment: they stay there, and reach no file and no line that is shown."""

import netrc
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from mirrorjax.errors import InputError, each_text

_NAMES = re.compile(  # ends of names of environment variables
    r"(_KEY|APIKEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|_PASS|_PAT|CREDENTIALS?|_COOKIE)$", re.IGNORECASE
)
_SHORTEST = 12  # characters; shorter values are words that occur in ordinary text


def secrets() -> dict[str, str]:
    """Every secret of the environment and of the netrc file, by where it stands."""
    found = {f"${name}": value for name, value in os.environ.items() if _NAMES.search(name)}
    for place in (os.environ.get("NETRC") or "~/.netrc", "~/.netrc", "~/_netrc"):
        with suppress(OSError, netrc.NetrcParseError, UnicodeDecodeError, RuntimeError):  # a user without a home, too
            file = Path(place).expanduser()
            for host, (_, _, password) in netrc.netrc(str(file)).hosts.items():
                found[f"{file} ({host})"] = password or ""
    return {place: value for place, value in found.items() if len(value) >= _SHORTEST}


def hidden(value: Any) -> Any:
    """The same, nested or not, with every secret in its texts starred out."""
    known = sorted(secrets().values(), key=len, reverse=True)  # one may be part of another

    def starred(text: str) -> str:
        for secret in known:
            text = text.replace(secret, "***")
        return text

    return each_text(value, starred) if known else value


def refuse_secrets(values: Mapping[str, Any]) -> None:
    """Checks that no setting holds a secret: settings are stored, shown and sent.

    Raises:
        InputError: names the setting and where its secret stands, and not the secret.
    """
    known = secrets()
    for name, value in values.items():
        for place, secret in known.items():
            if isinstance(value, str) and secret in value:
                held = f"{name} holds the value of {place}"
                raise InputError(f"{held}; settings are stored and shown, so leave it out there")
