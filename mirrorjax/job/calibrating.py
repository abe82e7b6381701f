"""What untrained networks score: measured before a population is trained, told as it goes, kept with its results."""

import functools
from pathlib import Path

from mirrorjax.machine.log import event
from mirrorjax.measurement.battery.nulls import Nulls, summary
from mirrorjax.tracking.progress import Progress
from mirrorjax.tracking.recorder import Recorder
from mirrorjax.training.loop import Trainer
from mirrorjax.training.memory import Layout
from mirrorjax.training.untrained import NullSettings, nulls_of


def calibration(
    trainer: Trainer, settings: NullSettings | None, folder: Path, layout: Layout, recorder: Recorder, bar: Progress
) -> Nulls:
    """The nulls of a population's architectures, kept in a folder from run to run; none where there are no settings."""
    if settings is None:
        return Nulls([], {})

    def say(what: str) -> None:
        bar.phase(what, "nulls")
        event("nulls", what, shown=True)

    with recorder.phase("nulls"):
        nulls = nulls_of(
            *(trainer.members, settings, folder, trainer.measuring.data, layout),
            trainer=trainer,
            on_measure=say,
            on_block=functools.partial(bar.block, name="nulls"),
        )
    recorder.nulls(summary(nulls.by_architecture))
    return nulls
