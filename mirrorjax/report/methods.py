"""How everything on the page was computed, in plain words."""

from mirrorjax.report.load import PEAK_AFTER
from mirrorjax.report.paper import LABEL

_PARTS = (
    (
        "CMNI",
        "<p>For a unit n, μ<sub>n</sub>(s) is its mean activation over test rows of scenario s, with dropout off. Its "
        "change in Frog's distress is Δ<sup>F</sup> = μ(frog) − μ(none), in Toad's Δ<sup>T</sup> = μ(toad) − "
        "μ(none). Its mirror neuron score MNS<sub>n</sub> is the smaller of the two if both are positive, else 0.</p>"
        '<p class="formula">MNE = Σ<sub>n</sub> MNS<sub>n</sub> &nbsp; and &nbsp; CMNI = MNE / N</p>'
        "<p>N counts all hidden units and the four output units. “Hidden only” is the same sum over hidden units, "
        "divided by their own number. The share of the outputs is their part of MNE.</p>",
    ),
    (
        "The filter",
        "For CMNI, Frog's scenario takes only rows that show a 5 and Toad's only rows that show a 4, as in the "
        "published code. The bars of single units show means over all rows of a scenario.",
    ),
    (
        "Epochs and checkpoints",
        "An epoch is a paper epoch, learning rate × steps / 0.6144, a unit of time and not a pass over the data: "
        "153,600 steps at a learning rate of 4e-6. Checkpoint 0 is before training. Nothing is interpolated: every "
        "value is from a checkpoint that was recorded, and “at epoch 10” means a checkpoint within 2 % of it.",
    ),
    (
        "Validation loss",
        "Mean squared error on one-hot labels plus the L2 penalty on hidden weights, on validation rows, dropout off.",
    ),
    (
        "Help: rescue and edge",
        "Recall of the label “help” on two kinds of test rows, apart. Rescue: Toad is in distress, and Frog, ahead and "
        "not in distress itself, should help. Edge: Frog stands at the last column and has nowhere to go; this kind "
        "looks at nobody, and a network may learn it without any regard for Toad.",
    ),
    (
        "Medians and bands",
        "Medians are over networks that differ in their seeds alone; bands and brackets run from the 5 % to the 95 % "
        "quantile (linear interpolation). They show how networks spread, not how well the median is known. Values that "
        "are not finite are left out.",
    ),
    (
        "Peak",
        f"The highest CMNI after epoch {PEAK_AFTER}, since untrained networks start far above it. In the summary and "
        "the table it is each network's own, and then the median; a maximum over noisy checkpoints is biased upwards. "
        "The acceptance table takes the maximum of the median curve.",
    ),
    (
        "Robust",
        "CMNI ≥ 0.005 and validation loss < 0.06 at the same checkpoint, the paper's thresholds. The divisor of a "
        "share is all networks, those that diverged included.",
    ),
    (
        "Wilson interval",
        "Of a share p of n networks, with z = 1.96: (p + z²/2n ± z √(p(1 − p)/n + z²/4n²)) / (1 + z²/n). It stays "
        "between 0 and 1 and is not empty at 0 or n of n. It takes networks as independent draws of the seeds on one "
        "dataset; it does not cover what another dataset would change.",
    ),
    (
        "Diverged and early-stopped networks",
        "A diverged network is frozen: it leaves medians and bands from that checkpoint on, leaves peaks and last "
        "values altogether, and counts as not robust. An early-stopped network keeps its last values.",
    ),
    (
        "The published curve",
        f"{LABEL.capitalize()}, 170 checkpoints. At its peak, CMNI of other seeds is expected to differ by 10–15 %.",
    ),
)


def methods() -> str:
    """Writes the section's content as HTML."""
    parts = (f"<dt>{title}</dt><dd>{_paragraph(text)}</dd>" for title, text in _PARTS)
    return f'<dl class="methods">{"".join(parts)}</dl>'


def _paragraph(text: str) -> str:
    # formulas are HTML already; a plain text's "<" is a comparison
    return text if text.startswith("<p") else f"<p>{text.replace('<', '&lt;')}</p>"
