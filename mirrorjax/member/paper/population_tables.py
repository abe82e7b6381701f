"""Tables 1 and 2 of the paper: a population's checkpoints with high and with low CMNI."""

from mirrorjax.measurement.cmni import ROBUST_LOSS
from mirrorjax.measurement.learnt import ROBUST, Threshold
from mirrorjax.member.paper.tables import PaperTable
from mirrorjax.report.read.populations import ReportedPopulation, Sweep

# below: the paper speaks of no mirror neurons
NONE = Threshold((("cmni", "<", 0.0005), ("val_loss", "<", ROBUST_LOSS)))
_COLUMNS = (
    "learning rate", "layers", "neurons/layer", "epoch", "val loss", "MNS", "CMNI", "network",
)  # fmt: skip


def population_tables(sweep: Sweep) -> list[PaperTable]:
    """Both tables, over all populations of a results folder.

    A configuration is all that defines a member but its seeds. With several seeds the best checkpoint is that of any of
    them: a maximum over seeds and checkpoints, which grows with their number.
    """
    high = [row for each in sweep.populations for row in _best(each, ROBUST, "DESC")]
    low = [row for each in sweep.populations for row in _best(each, NONE, "ASC")]
    networks = sum(group.networks for each in sweep.populations for group in each.groups)
    groups = sum(len(each.groups) for each in sweep.populations)
    common = (
        f"Of {networks} networks in {groups} configurations; of a configuration's seeds and checkpoints the one with "
        "the {which} CMNI, which is more extreme the more there are. MNS is the sum over all units."
    )
    return [
        PaperTable(
            1,
            "Checkpoints with high CMNI",
            _COLUMNS,
            sorted(high, key=_cmni, reverse=True),
            f"{ROBUST.words}. {common.format(which='highest')}",
        ),
        PaperTable(
            2,
            "Checkpoints with low CMNI",
            _COLUMNS,
            sorted(low, key=_cmni),
            f"{NONE.words}. {common.format(which='lowest')}",
        ),
    ]


def _cmni(row: tuple) -> float:
    return row[_COLUMNS.index("CMNI")]


def _best(population: ReportedPopulation, threshold: Threshold, order: str) -> list[tuple]:
    """The configurations' rows; of equal CMNI the earlier checkpoint, and then the smaller id."""
    settings = [group.settings for group in population.groups]
    found = population.query(
        "SELECT group_index, epoch, val_loss, mne, cmni, member_id FROM observations "
        f"WHERE alive AND {threshold.sql} QUALIFY row_number() OVER "
        f"(PARTITION BY group_index ORDER BY cmni {order}, checkpoint, member_id) = 1"
    )
    rows = []
    for place, index in enumerate(found["group_index"]):
        own = settings[int(index)]
        values = (float(found[name][place]) for name in ("epoch", "val_loss", "mne", "cmni"))
        rows.append((own["learning_rate"], own["depth"], own["width"], *values, str(found["member_id"][place])))
    return rows
