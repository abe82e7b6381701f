"""The names under which W&B is told of a population; what stands before the first slash is a section of its page."""

from pathlib import Path

from mirrorjax.measures import MEASURES, WITHOUT_ROWS, measure

OF_REGIMES = (*WITHOUT_ROWS, "reinforcement")  # sections of what one regime alone has, by its name
_LOGGED = tuple(column.name for each in MEASURES.values() if each.section for column in each.columns())
OF_SOME = tuple(name for name in _LOGGED if measure(name).section in OF_REGIMES)  # what others do not have
QUANTITIES = tuple(name for name in _LOGGED if name not in OF_SOME)  # `dashboard push` makes panels of the same
SECTIONS = (*dict.fromkeys(measure(name).section for name in QUANTITIES), "verdict", "speed")
OLD_SECTION = "pop"  # the only one that there was
STATISTICS = ("median", "mean", "q05", "q95")
BAND = ("median", "q05", "q95")  # of these, a curve and its 90 % band
_FEW = {"reinforcement": ("median",)}  # by section: agents have the usual quantities too, but for what is of a loss
HISTOGRAMS = ("val_loss", "cmni", "mni_star")
DIVERGED, ROBUST = "loss/share_diverged", "cmni/share_robust"
LEARNT = "verdict/share_learnt"
# P(mirror) of the networks that have learnt their task, and its Wilson 95 % interval
MIRROR = ("verdict/share_mirror", "verdict/share_mirror_low", "verdict/share_mirror_high")
EPOCH, STEP = "checkpoint/epoch", "checkpoint/step"
# W&B makes a panel of every other key by itself: one a quantity, of its median, and the histograms
WITHOUT_PANEL = (
    *MIRROR[1:],
    *(f"{measure(name).section}/{name}_{statistic}" for name in _LOGGED for statistic in STATISTICS[1:]),
)


def statistics_of(quantity: str) -> tuple[str, ...]:
    """Those that are logged of it, the median first."""
    return _FEW.get(measure(quantity).section, STATISTICS)


def key(quantity: str, statistic: str) -> str:
    """The name under which a statistic over networks is logged."""
    return f"{measure(quantity).section}/{quantity}_{statistic}"


def old_name(key: str) -> str:
    """What a key was called when all were in one section; a verdict had another meaning, and keeps its name."""
    section, _, rest = key.partition("/")
    return f"{OLD_SECTION}/{rest}" if section in SECTIONS and section != "verdict" else key


OLD_MIRROR = tuple(f"{OLD_SECTION}/{name.partition('/')[2]}" for name in MIRROR)  # of all networks asked, learnt or not


def has_old_names(population: Path) -> bool:
    """Whether the run of a population's folder began with the old names, and so goes on with them."""
    run_id, by_section = run_files(population)
    return run_id.exists() and not by_section.exists()


def run_files(population: Path) -> tuple[Path, Path]:
    """The file with the id of a population's run, and the one that says that its keys are in sections."""
    return population / "wandb" / "run-id", population / "wandb" / "keys-by-section"
