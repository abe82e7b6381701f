"""Runs the sections one after the other, each in a process of its own, and keeps what they found: a file a device."""

import json
import os
import re
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mirrorjax.bench.figures import draw
from mirrorjax.bench.section import SECTIONS
from mirrorjax.bench.table import BLOCK, markdown, plain, summary
from mirrorjax.errors import InputError
from mirrorjax.report.page.marks import put

_FACTS = """
import json, sys
from mirrorjax.bench.machine import bandwidth
from mirrorjax.machine.runtime import configure, device_facts, versions
devices = configure(sys.argv[1], None, "highest", None)
facts = device_facts(devices)
print(json.dumps({"device": facts, "versions": versions(), "memory_bandwidth": bandwidth(devices[0]).median}))
"""


def bench(out: Path, platform: str = "cpu", sections: list[str] | None = None, readme: Path | None = None) -> Path:
    """Measures, prints a table, and writes `<device>.json`, `<device>.md` and two curves.

    Args:
        out: folder; of an earlier file of the same device the sections that are not measured now are kept.
        platform: `cpu`, `gpu` or `tpu`.
        sections: names in `section.SECTIONS`; None is all.
        readme: a page whose block `bench` is replaced.

    Returns:
        The JSON file.

    Raises:
        InputError: there is no such section or platform.
    """
    for name in sections or ():
        if name not in SECTIONS:
            raise InputError(f"--sections: {name!r}; allowed: {', '.join(SECTIONS)}")
    began = time.perf_counter()
    facts = _in_process([sys.executable, "-c", _FACTS, platform])
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{_slug(facts['device'])}.json"
    kept = json.loads(path.read_text())["sections"] if path.exists() and sections else {}
    result: dict[str, Any] = {**facts, "date": datetime.now(UTC).date().isoformat(), "sections": kept}
    for name in sections or SECTIONS:
        print(f"{SECTIONS[name].title} …", flush=True)
        start = time.perf_counter()
        figures = _in_process([sys.executable, "-m", "mirrorjax.bench.section", name, platform])
        result["sections"][name] = {"seconds": round(time.perf_counter() - start, 1), "figures": figures}
        print(plain(name, figures), flush=True)
        result["sections"] = {name: result["sections"][name] for name in SECTIONS if name in result["sections"]}
        result["seconds"] = round(time.perf_counter() - began, 1)
        path.write_text(json.dumps(result, indent=1) + "\n")  # after each section: the next one may fail
    path.with_suffix(".md").write_text(markdown(result))
    draw(result, path.with_suffix(""))
    if readme is not None:
        put(readme, BLOCK, summary(result))
    return path


def _in_process(command: list[str]) -> Any:
    """What a Python process prints as JSON in its last line; what it says to people goes through."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=environment)
    if done.returncode:
        raise InputError(f"{' '.join(command[1:4])}: ended with {done.returncode}, see above")
    return json.loads(done.stdout.strip().splitlines()[-1])


def _slug(device: dict[str, Any]) -> str:
    unit = "core" if device["platform"] == "cpu" else "device"
    count = device["count"]
    name = re.sub(r"[^a-z0-9]+", "-", str(device["kind"]).lower()).strip("-")
    return f"{name}-{count}-{unit}{'s' if count > 1 else ''}"
