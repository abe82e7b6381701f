"""The command line of a sweep, sorted out; and the name that it gives the sweep's folder."""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from mirrorjax.errors import InputError
from mirrorjax.settings.folder import RUN_ONLY
from mirrorjax.settings.texts import checked_path

_CONFIG_DIR, _MULTIRUN, _INFO = ("--config-dir", "-cd"), ("--multirun", "-m"), ("--info", "-i")
_PRINTS = ("--help", "-h", "--hydra-help", "--version", "--shell-completion", "-sc")
_PRINTS_OF = ("--cfg", "-c", *_INFO)
_WITH_VALUE = (*_PRINTS_OF, "--package", "-p", *_CONFIG_DIR)
OPTIONS = (*_WITH_VALUE, *_MULTIRUN, "--resolve", *_PRINTS)  # of Hydra's own, those that a sweep has
_DEFAULT_EXPERIMENT = "quickstart"


@dataclass(frozen=True)
class Typed:
    """What was typed after a command, `mirrorjax sweep` or `mirrorjax plan`.

    Attributes:
        overrides, options: of settings; and Hydra's, each with its value if it has one.
        plugins: modules that are to be imported; nothing of Hydra's.
    """

    command: str
    arguments: tuple[str, ...]
    overrides: tuple[str, ...]
    options: tuple[tuple[str, str | None], ...]
    plugins: tuple[str, ...] = ()

    @classmethod
    def of(cls, command: str, arguments: Sequence[str]) -> Self:
        """Sorts arguments out; options may stand anywhere.

        Raises:
            InputError: an option that a sweep does not have, or not by its whole name.
        """
        overrides: list[str] = []
        plugins: list[str] = []
        options: list[tuple[str, str | None]] = []
        for before, argument in zip(["", *arguments], arguments, strict=False):
            if argument.startswith("-"):
                name, given, value = argument.partition("=")
                options.append((name, value if given else None))
            elif before in _WITH_VALUE and "=" not in argument:
                options[-1] = (before, argument)
            elif argument.startswith("plugins="):
                plugins += filter(None, re.split(r"[\s,]+", argument.partition("=")[2].strip("[]'\" ")))
            else:
                overrides.append(argument)
        if unknown := [name for name, _ in options if name not in OPTIONS]:
            raise InputError(f"{unknown[0]}: no option of a sweep; allowed: {', '.join(OPTIONS)}")
        if bare := [name for name, value in options if value is None and name in _WITH_VALUE and name not in _INFO]:
            raise InputError(f"{bare[0]} is given without a value")
        return cls(command, tuple(arguments), tuple(overrides), tuple(options), tuple(plugins))

    def _has(self, *names: str) -> bool:
        return any(name in names for name, _ in self.options)

    @property
    def is_multirun(self) -> bool:
        """Whether a comma separates values of a sweep."""
        return self._has(*_MULTIRUN) or "hydra.mode=MULTIRUN" in self.overrides

    @property
    def only_prints(self) -> bool:
        """Whether Hydra is asked to print something, or says what is wrong with how it is asked to."""
        return self.resolves or self._has(*_PRINTS, *_PRINTS_OF)

    @property
    def helps(self) -> bool:
        """Whether help is asked for."""
        return self._has("--help", "-h")

    @property
    def resolves(self) -> bool:
        """Whether interpolations are to be shown as what they come to."""
        return self._has("--resolve")

    @property
    def completes(self) -> bool:
        """Whether a shell asks for what may come next."""
        return self._has("--shell-completion", "-sc")

    @property
    def config_dir(self) -> Path | None:
        """The folder with config files of somebody's own, if one is given.

        Raises:
            InputError: there is no such folder.
        """
        given = next((value for name, value in reversed(self.options) if name in _CONFIG_DIR), None)
        path = None if given is None else checked_path("--config-dir", given)
        if path is not None and not path.is_dir():
            raise InputError(f"--config-dir: {path} is no folder")
        return path

    @property
    def hydra_options(self) -> list[str]:
        """The options as Hydra reads them, `~` written out."""
        words = [word for name, value in self.options if name not in _CONFIG_DIR for word in (name, value) if word]
        return [*words, *(["--config-dir", str(self.config_dir)] if self.config_dir else [])]

    @property
    def sweep_name(self) -> str:
        """The sweep's folder: the experiment and a hash of the overrides, so that the same command finds it again."""
        given = sorted(override for override in self.overrides if not _is_run_only(override))
        experiment = next((o.split("=", 1)[1] for o in given if o.startswith("experiment=")), _DEFAULT_EXPERIMENT)
        label = experiment if re.fullmatch(r"[\w-]+", experiment) else "sweep"
        return f"{label}-{hashlib.sha256(json.dumps(given).encode()).hexdigest()[:8]}"


def _is_run_only(override: str) -> bool:
    key, names = override.lstrip("+~").split("=", 1)[0], (*RUN_ONLY, "hydra", "launcher")
    return key == "runtime" or any(re.match(rf"{re.escape(name)}($|[./@])", key) for name in names)
