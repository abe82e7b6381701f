"""What the JSON and YAML files of a results folder hold, as far as anything reads it: see docs/formats.md.

Fields that are only shown, whatever they are, are not named here.
"""

from mirrorjax.machine.reading import COUNT, FINITE, NAME, NUMBER, OBJECT, TEXT, TEXTS, Each, Fields

FORMAT = 1  # of a population's files, its tables too: raise it when an older version would read them wrongly

MANIFEST = Fields(
    may={
        **dict.fromkeys(("experiment", "job", "status", "created", "finished", "commit", "precision", "clock"), TEXT),
        **dict.fromkeys(("block", "members", "diverged", "compiles", "pieces"), COUNT),
        **{"model_steps_per_second": FINITE, "versions": OBJECT, "seconds": Each(FINITE, dict)},
        **{"checkpoints": Each(FINITE), "extends": TEXTS, "dataset": Fields(may={"hash": TEXT, "counts": OBJECT})},
        "device": Fields(may={"platform": TEXT, "kind": TEXT, "count": COUNT, "processes": COUNT}),
        "engines": Each(TEXT, dict),
    }
)
TRAINED = Fields(must={"dataset": Fields(must={"hash": TEXT})})  # a manifest from which training goes on
_JOB = Fields(must={"job": NAME}, may={"overrides": TEXTS, "members": COUNT, "model_steps": COUNT, "plugins": TEXTS})
SWEEP = Fields(
    may={
        **dict.fromkeys(("name", "created", "version"), TEXT),
        **{"command": TEXTS, "overrides": TEXTS, "jobs": Each(_JOB)},
    }
)
PROGRESS = Fields(
    may={
        **dict.fromkeys(("host", "updated", "phase"), TEXT),
        **dict.fromkeys(("pid", "model_steps", "total_model_steps", "checkpoint", "checkpoints"), COUNT),
        **dict.fromkeys(("epoch", "model_steps_per_second", "seconds_left"), FINITE),
    }
)
FAILURE = Fields(may=dict.fromkeys(("job", "when", "error", "traceback"), TEXT))
_ROUND = {"job": NAME, "list": Each(OBJECT), "what": TEXT, "seeds": COUNT, "networks": COUNT, "widest": NUMBER}
ROUNDS = Fields(may={"rounds": Each(Fields(must=_ROUND))})
CONFIG = Fields(may=dict.fromkeys(("tracker", "measurement", "regime", "runtime"), OBJECT))
PLACE = Fields(must={"group": TEXT, "row": COUNT}, may={"shapes": Each(Each(COUNT), dict)})
WEIGHTS = Fields(must={"members": Each(PLACE, dict)}, may={"sha256": TEXT, "index": TEXT})
