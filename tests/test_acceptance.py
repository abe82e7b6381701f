"""Does `paper_fast` reproduce the published run? Three minutes on two cores, so it is one of the slow tests."""

from pathlib import Path

import pytest

from mirrorjax.launch.cli import main
from mirrorjax.report.page.acceptance import acceptance, applicable
from mirrorjax.report.read.populations import load
from mirrorjax.report.read.view import View


@pytest.mark.slow
@pytest.mark.acceptance
def test_paper_fast_reproduces_the_published_run(tmp_path: Path):
    results = f"results_dir={tmp_path}"
    assert main(["sweep", "experiment=paper_fast", "tracker=off", "report=false", results]) == 0
    (sweep,) = tmp_path.iterdir()
    (population,) = load(sweep).populations
    view = View(population)
    (group,) = applicable(view)
    lines = acceptance(view, group)
    assert len(lines) >= 14
    assert [line.name for line in lines if not line.met] == []
