"""Tables 1 and 2 of the paper: a population's checkpoints with high and with low CMNI."""

import operator

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
    networks = sum(group.networks for each in sweep.populations for group in each.groups)
    groups = sum(len(each.groups) for each in sweep.populations)
    common = (
        f"Of {networks} networks in {groups} configurations; of a configuration's seeds and checkpoints the one with "
        "the {which} CMNI, which is more extreme the more there are. MNS is the sum over all units."
    )
    tables = []
    for number, which, threshold, order in ((1, "high", ROBUST, "DESC"), (2, "low", NONE, "ASC")):
        rows = [row for each in sweep.populations for row in _best(each, threshold, order)]
        rows.sort(key=operator.itemgetter(_COLUMNS.index("CMNI")), reverse=order == "DESC")
        note = f"{threshold.words}. {common.format(which=f'{which}est')}"
        tables.append(PaperTable(number, f"Checkpoints with {which} CMNI", _COLUMNS, rows, note))
    return tables


def _best(population: ReportedPopulation, threshold: Threshold, order: str) -> list[tuple]:
    """The configurations' rows; of equal CMNI the earlier checkpoint, and then the smaller id."""
    found = population.query(
        "SELECT group_index, epoch, val_loss, mne, cmni, member_id FROM observations "
        f"WHERE alive AND {threshold.sql} QUALIFY row_number() OVER "
        f"(PARTITION BY group_index ORDER BY cmni {order}, checkpoint, member_id) = 1"
    )
    rows = []
    names = ("group_index", "epoch", "val_loss", "mne", "cmni", "member_id")
    for index, *values, member_id in zip(*(found[name] for name in names), strict=True):
        own = population.groups[int(index)].settings
        rows.append((own["learning_rate"], own["depth"], own["width"], *map(float, values), str(member_id)))
    return rows
