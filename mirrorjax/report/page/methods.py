"""How everything on the page was computed, in plain words."""

import re
from html import escape

from mirrorjax.measurement.learnt import ROBUST
from mirrorjax.measures import CALIBRATED, CAUSED, EVERY_RECORD, PARTS, PLAYED, label
from mirrorjax.report.read.populations import PEAK_AFTER
from mirrorjax.report.read.published import LABEL

_CMNI = label("cmni")
_PARTS = {
    _CMNI: "<p>For a unit n, μ<sub>n</sub>(s) is its mean activation over test rows of scenario s, with dropout off. "
    "Its change in Frog's distress is Δ<sup>F</sup> = μ(frog) − μ(none), in Toad's Δ<sup>T</sup> = μ(toad) − "
    "μ(none). Its mirror neuron score MNS<sub>n</sub> is the smaller of the two if both are positive, else 0.</p>"
    '<p class="formula">MNE = Σ<sub>n</sub> MNS<sub>n</sub> &nbsp; and &nbsp; CMNI = MNE / N</p>'
    f"<p>N counts all hidden units and the four output units. “{label('cmni_hidden')}” sums over the "
    "hidden ones alone, and is divided by their own number. The share of the outputs is their part of MNE.</p>",
    "The filter": "For CMNI, Frog's scenario takes only rows that show a 5 and Toad's only rows that show a 4, as in "
    "the published code. The bars of single units show means over all rows of a scenario.",
    "Epochs and checkpoints": "An epoch is a paper epoch, learning rate × steps / 0.6144, a unit of time and not a "
    "pass over the data: 153,600 steps at a learning rate of 4e-6. Regimes that have a clock of their own count "
    "million turns played, by both players, rounds or episodes instead. Checkpoint 0 is before training. Nothing is "
    "interpolated: every value is from a checkpoint that was recorded, and “at epoch 10” means a checkpoint within 2 % "
    "of it.",
    "Help: rescue and edge": "Recall of the label “help” on two kinds of test rows, apart. Rescue: Toad is in "
    "distress, and Frog, ahead and not in distress itself, should help. Edge: Frog stands at the last column and has "
    "nowhere to go; this kind looks at nobody, and a network may learn it without any regard for Toad.",
    "Medians and bands": "Medians are over networks that differ in their seeds alone; bands and brackets run from the "
    "5 % to the 95 % quantile (linear interpolation), of fewer than 8 networks from the least to the largest value. "
    "They show how networks spread, not how well the median is known. Values that are not finite are left out.",
    "Peak": f"The highest CMNI after epoch {PEAK_AFTER}, since untrained networks start far above it. In the summary "
    "and the table it is each network's own, and then the median; a maximum over noisy checkpoints is biased upwards. "
    "The acceptance table takes the maximum of the median curve.",
    "Robust": f"{ROBUST.words} at the same checkpoint, the paper's thresholds. The divisor of a "
    "share is all networks, those that diverged included.",
    "Wilson interval": "Of a share p of n networks, with z = 1.96: (p + z²/2n ± z √(p(1 − p)/n + z²/4n²)) / (1 + "
    "z²/n). It stays between 0 and 1 and is not empty at 0 or n of n. It takes networks as independent draws of the "
    "seeds on one dataset; it does not cover what another dataset would change.",
    "Diverged and early-stopped networks": "A diverged network is frozen: it leaves medians and bands from that "
    "checkpoint on, leaves peaks and last values altogether, and counts as not robust. An early-stopped network keeps "
    "its last values.",
    "Untrained networks and z": "The null of a measure is what untrained networks of the same architecture score on "
    "the same boards. z = (measured − mean of the null) / standard deviation of the null. For CMNI, which grows with "
    "the weights, each layer of the untrained networks is first rescaled to its norm in the network that is looked at; "
    "the other measures do not depend on scale. A value is beyond the null if it is above its .99 quantile.",
    "Matched boards": "Calibrated measures compare one board with itself under several conditions that differ in "
    "nothing but who is in distress: nobody (x0), Frog (xF), Toad (xT), a token that looks like Toad but is an object "
    "(xO). δ<sup>F</sup>, δ<sup>T</sup> and δ<sup>O</sup> are a unit's mean changes, divided by its root mean square.",
    "What CMNI is made of": "By place: the sums of MNS over outputs and over each layer, divided by N. By cause, for "
    "hidden units: composition = CMNI of the hidden units − the same on matched boards; value coding = the latter − "
    "what is left of it, unit by unit, without what an object's distress does; residual = what is left. Differences "
    "are taken network by network; lines are their medians.",
    "Unit classes and ablation": "A unit is a mirror unit if both players' distress raises it (sign-flip tests over "
    "boards, false discovery rate .05, d′ beyond .3), Toad only or Frog only if one alone moves it, suppressed if both "
    "lower it, opposed if they differ in sign. Ablation replaces a set of first-layer units by their means (mean), or "
    "by their activations on other rows (resample); its effect is the change of the share of right answers of a kind. "
    "Random sets have the same size in the same network, eight to a set.",
    "Circuits": "Of each unit of the second layer (two hidden layers): its dominant output is the one that it raises "
    "most, and the shares of its drive come from path contributions on matched boards. Self-preservation: leap, at "
    "least half from mirror units in Frog's distress, and leap suffers from its ablation. Tactical help: help, at "
    "least .7 from Toad-only and less than .15 from mirror units. Empathy-influenced help: help, at least .15 from "
    "each, and the mirror units' change alone, through this hub, moves the output.",
    "Learnt": "Excess error = (mean squared error − best) / (that of the best constant answer − best) on the network's "
    "own validation rows; 0 is the best answer that the task leaves open. A network has learnt its task below .5. "
    "Without that no verdict on its units means anything: verdicts are of networks that have learnt, and of those "
    "only. It is read off the records, of older results too.",
    "Verdict": "Of a network that has learnt its task and was asked what its units cause: it is called a mirror "
    "network if SSI, of all its units or of its last hidden layer, whichever has the larger z, is beyond the .99 "
    "quantile of the same in the null, the 90 % interval of its TR (bootstrap over boards) is above zero, and it helps "
    "a distressed Toad more often than on the same boards without distress. An undefined TR is none above zero.",
    "Interval of a mean": "Over networks, from 8 on: the 2.5 % and 97.5 % quantiles of means of networks drawn with "
    "replacement (2,000 times, less often for thousands of networks; a fixed seed). From 3 to 7, where such "
    "percentiles are far too narrow, Student's t, which takes networks as scattering normally; of fewer none. It is as "
    "wide as seeds differ, conditional on the dataset. Networks where a value is undefined are left out and counted.",
    "Phase map": "<p>Configurations that differ in their seeds alone, the data's included, are one cell. Settings that "
    "were moved together are one axis. P(mirror) is the share of networks with the verdict, of those that have learnt "
    "their task and were asked what their units cause; “without its behaviour term” leaves out that they help. "
    "Susceptibility: n·Var(m) over the networks of a cell, n their units, Var unbiased. Binder cumulant: 1 − ⟨(m − "
    "⟨m⟩)<sup>4</sup>⟩ / (3⟨(m − ⟨m⟩)<sup>2</sup>⟩<sup>2</sup>); normal values of N networks have 2/(N + 1) on "
    "average, two equal heaps 2/3. Their intervals are percentiles of 1,000 resamples of networks (of datasets first, "
    "where there are four or more), of 8 networks or more; with few they are too narrow.</p>",
    "Boundary": "<p>logit P = β·(terms of the settings, standardised; logarithms of sizes and rates), by Firth's "
    "penalised likelihood, which stays finite where a line parts cells without mirror networks from cells of nothing "
    "else. On a plane the surface is linear, with interaction, or quadratic, by AIC. The line is where P = ½; its band "
    "holds the points whose 95 % interval of P (delta method on the logit) holds ½. A boundary exists if the fitted P "
    "crosses ½ among the cells and differs between them (likelihood ratio test). The fit is called poor if counts "
    "drawn from it have as large a deviance in less than one of twenty draws.</p>",
    "Separability": "<p>The theory has P(mirror) ∝ f(S/M, E)·g(D, I). On a full grid the product of a function of each "
    "axis is held against a probability of its own in every cell: p is how often maps drawn from the fitted product "
    "(40 draws) have no smaller likelihood ratio. The rank-one share is σ<sub>1</sub>²/Σσ² of the matrix of cells. By "
    "AIC a constant, one axis alone, the product and the full map are compared.</p>",
    "Transition or crossover": "<p>Where networks of three or more sizes n were run along D, I or C: the scaling form "
    "m = n<sup>−β/ν</sup>·F((x − x<sub>c</sub>)·n<sup>1/ν</sup>) against a smooth rise whose centre and height may "
    "depend on n but whose slope does not diverge. It is called a transition only if scaling is better by more than 10 "
    "in AIC and the susceptibility's peak grows relative to its flanks; otherwise a crossover.</p>",
    "Matching": "All settings but one are those of the configuration nearest the paper's. At equal lr · steps: each "
    "network's value at the last paper epoch that all conditions have. At equal excess error: its value where its "
    "excess error is first at or below the least that half of the networks of every condition reach; straight lines "
    "between the checkpoints that have the measure. Networks that never get there are left out and counted: of a slow "
    "condition the quicker ones are left.",
    "Scaling laws": "Means over seeds against a setting, with all other settings the same, are fitted by weighted "
    "least squares over log x: constant, power law a·x^b (also with an offset), plateau (as a power or exponentially), "
    "logistic, bump (log-normal). The error model is the same for all: each mean's standard error from its own seeds, "
    "its variance drawn towards the pooled one as if by four more. AIC is corrected for few networks; of laws within "
    "ΔAIC 2, which cannot be told apart, the simplest is preferred, and none with as many parameters as points. The "
    "misfit p is that of χ²: small, and even the preferred law misses more than seeds explain.",
    "Collapse on lr · steps": "Curves of different rates (or batch sizes, or sweeps) are read off at the places of a "
    "clock that all share: paper epochs, steps, or the smallest excess error so far; between checkpoints linearly. The "
    "spread between their means, in standard deviations between networks, is held against 1,000 permutations of whole "
    "networks between conditions, within seeds where all have the same. Beyond 95 % of them the collapse is refuted.",
    "The published curve": f"{LABEL.capitalize()}, 170 checkpoints. At its peak, CMNI of other seeds is expected to "
    "differ by 10–15 %.",
}


def methods() -> str:
    """Writes the section's content as HTML."""
    # formulas are HTML already; a plain text's "<" is a comparison
    html = (text if text.startswith("<p") else f"<p>{text.replace('< ', '&lt; ')}</p>" for text in _PARTS.values())
    parts = [f"<dt>{title}</dt><dd>{text}</dd>" for title, text in zip(_PARTS, html, strict=True)]
    return f'<dl class="methods">{"".join(parts)}<dt>Every measure</dt><dd>{_measures()}</dd></dl>'


def _measures() -> str:
    """What is recorded of a network, by the names that it has on the page and in files."""
    known = [each for each in (*EVERY_RECORD, *CALIBRATED, *PLAYED, *CAUSED) if each.kind != "key"]
    parts = dict.fromkeys(part for each in known for part in each.parts if part != "LAYER")
    stand = "; ".join(f"{part} for {', '.join(PARTS[part].values())}" for part in parts)
    items = (f"<li>{escape(each.title)} (<code>{each.name}</code>): {_note(each.note)}.</li>" for each in known)
    return f"<ul>{''.join(items)}</ul><p>Capitals stand for one of several: {stand}.</p>"


def _note(markdown: str) -> str:
    html = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(markdown, quote=False))
    return re.sub(r"\^(\w)", r"<sup>\1</sup>", html)
