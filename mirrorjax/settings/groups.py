"""What defines a member, beside its seeds: the game, its rows, the network, the optimizer, and how it learns.

A setting with a label is a field of `Member`, a column of members.parquet and a heading, and an axis of a population
unless it says otherwise: see `Setting`.
"""

from dataclasses import dataclass

from mirrorjax.settings.setting import Acts, Id, Range, setting

_SHARE = Range(0.0, 1.0)

# fmt: off


@dataclass
class GameConfig:
    """Who plays, and the numbers of the game."""

    players: str = setting("frog_hops", ("frog_hops", "both_random"))  # the published data; the paper's text
    obstacle_rate: float = setting(0.075, _SHARE, label="obstacle rate", acts=Acts.SOURCE, knob="S",
        note="how rough the ground gets: the most obstacles a new tile")
    obstacle_width: int = setting(4, Range(1, 30), label="obstacle width", acts=Acts.SOURCE, knob="S", column=float,
        note="the most rough tiles of an obstacle")
    scroll: float = setting(1.0, _SHARE, label="dependency D by the camera (scroll)", acts=Acts.SOURCE, knob="D",
        note="the camera is at ⌊(1 − D/2)·Frog + (D/2)·Toad⌋ − 16; 0 follows Frog alone. Below about .77 Frog, "
        "hopping, never gets to the columns where a rescue is right")
    fly_probability: float = setting(0.01, Range(0.0, 0.5), label="chance of a fly", acts=Acts.SOURCE, knob="",
        later=True, note="that one appears, of a cell and turn; in steps of 1/4096. 0: nobody eats")
    help_leap_probability: float = setting(0.25, _SHARE, label="chance of a helped leap", acts=Acts.SOURCE, knob="",
        later=True, note="that who is helped leaps")


@dataclass
class DatasetConfig:
    """How much is played, and how the rows are split."""

    turns: int = setting(7_000_000, Range(2, 1e9))  # of both players together, after the burn-in
    games: int = setting(1024, Range(1, 1e6))  # played side by side
    burn_in: int = setting(2048, Range(0, 1e7))  # rounds before the first snapshot
    split: str = setting("by_board", ("by_board", "paper_leak"))  # the latter: test rows are trained on, as published
    test_rows: int = setting(100_000, Range(10, 1e8))
    seed: int = setting(0, Range(0, 2**31 - 1), label="data seed", named="data_seed", acts=Acts.SOURCE, scale="seed",
        note="other games of the same kind: replicates of the data")
    boards: int | None = setting(None, Range(1, 1e9), label="training boards", acts=Acts.SOURCE, scale="log",
        knob="data", note="different boards to learn from; fewer are among more. null: all")
    cache: str | None = None  # folder of built datasets; null: $MIRRORJAX_CACHE, else the user's cache folder


@dataclass
class ModelConfig:
    """The network of every member, where no axis says otherwise."""

    name: str = setting("mlp", ("mlp", "transformer", "gru"), label="model", named="model", acts=Acts.PROGRAM,
        is_axis=False)
    width: int = setting(17, Range(1, 4096), label="units a hidden layer", acts=Acts.VALUE, scale="log")
    depth: int = setting(2, Range(1, 32), label="hidden layers", acts=Acts.PROGRAM)
    activation: str = setting("relu", ("relu", "tanh", "gelu", "identity"), label="activation", acts=Acts.PROGRAM)
    dropout: float = setting(0.12, Range(0.0, 1.0, closed=False, from_low=True), label="dropout", acts=Acts.VALUE)
    encoding: str = setting("ordinal", ("ordinal", "one_hot", "permuted"), label="encoding", acts=Acts.PROGRAM, knob="",
        note="of pictures: the paper's codes; or `one_hot`, `permuted` (weights' shape, so a program of its own)")
    d_model: int = setting(16, Range(1, 1024), label="numbers a token", acts=Acts.PROGRAM, scale="log", later=True,
        of="transformer", note="of the residual stream; a multiple of `model.heads`")
    heads: int = setting(2, Range(1, 64), label="heads", acts=Acts.PROGRAM, scale="log", later=True, of="transformer",
        note="of attention in each block")


TAKEN = {  # what a model takes of settings that are for all, where that is not everything, and why
    "transformer": {
        "encoding": (("ordinal", "one_hot"), "it embeds codes itself, and a veiled one is between its two"),
        "mask": ((1.0,), "it is not told its symbol and column apart"),
    }
}


@dataclass
class OptimizerConfig:
    """Adam."""

    learning_rate: float = setting(4e-6, Range(0.0, closed=False), label="learning rate", acts=Acts.VALUE, scale="log")
    batch_size: int = setting(25, Range(1, 16384), label="batch size", acts=Acts.VALUE, scale="log")  # rows


_PLAYERS = ("cirl_learner", "turn_learners")  # look at much of what `reinforcement` does


@dataclass
class RegimeConfig:
    """How members learn, and for how long, by the regime's clock: most have paper epochs (lr · steps / .6144)."""

    name: str = setting("supervised", ("supervised", "contrastive", "assembly", "overlap", "imitation", "predictive",
        "reinforcement", "cirl", "turn_taking", "cirl_learner", "turn_learners"), label="regime",
        named="regime", acts=Acts.PROGRAM, is_axis=False)
    epochs: float = setting(50.0, Range(0.0, 1e6))
    patience: float | None = setting(None, Range(0.0, closed=False))  # paper epochs without a better validation loss
    # factor of the squared hidden kernels
    l2: float = setting(0.01, Range(0.0, 1e6), label="L2", acts=Acts.VALUE, scale="log")
    congruence: float = setting(0.0, _SHARE, label="congruence C", acts=Acts.ROWS, knob="C",
        note="on that share of the boards anybody's distress asks for help. 1 is the positive control; without it a "
        "blind measure and a true null look alike")
    dependency: float = setting(1.0, _SHARE, label="dependency D", acts=Acts.ROWS, knob="D",
        note="right answer = D · rule + (1 − D) · rule of one who never sees Toad in distress (no rescue, no Toad's "
        "half of C)")
    edge: float = setting(1.0, (0.0, 1.0), label="edge rule", acts=Acts.ROWS, knob="",
        note="0: help is no longer right at the right edge, where it looks at nobody")
    veil_symbol: float = setting(0.0, _SHARE, label="veil I of symbols", acts=Acts.ROWS, knob="I",
        note="share of the rows in which every player's code but 9 becomes 4.5: nobody can tell who is who")
    veil_role: float = setting(0.0, _SHARE, label="veil I of roles", acts=Acts.ROWS, knob="I",
        note="half of that share of the rows are Toad's seat (its right answer), with no cue")
    mask: float = setting(1.0, _SHARE, label="mask", acts=Acts.ROWS, knob="",
        note="share of the rows that do not give the own symbol and column apart")
    skies: int = setting(6, Range(1, 6), label="skies", acts=Acts.ROWS, knob="S", column=float,
        note="patterns of flies")
    shuffled: float = setting(0.0, _SHARE, label="shuffled answers", acts=Acts.ROWS, knob="null",
        note="share of rows whose answer is drawn by its frequency, whatever they show")
    alignment: float = setting(0.0, Range(0.0, 1e3), label="alignment λ", acts=Acts.VALUE, later=True, of="contrastive",
        note="weight of InfoNCE between one's own view and the seen one; the loss of acts is about .05, InfoNCE 3")
    temperature: float = setting(0.1, Range(0.0, 1e3, closed=False), label="temperature τ", acts=Acts.VALUE,
        scale="log", later=True, of="contrastive", note="of InfoNCE")
    observe: float = setting(1.0, Range(0.0, 1e3), label="weight of seen acts", acts=Acts.VALUE, later=True,
        of="contrastive", note="of the loss of the other's act, beside that of one's own")
    positives: str = setting("same", ("same", "shuffled", "act"), label="positives", acts=Acts.PROGRAM, later=True,
        of="contrastive", note="`act` aligns all rows with the same right act; `shuffled` the views of different rows: "
        "an equal pull that says nothing")
    dose: float = setting(1.25, Range(1.0, 100.0), label="dose G", acts=Acts.VALUE, scale="log", later=True,
        of="assembly", note="how many times as strong a synapse is after an episode in which it always grew; 1: none "
        "grows, which is the null")
    veil_neurons: float = setting(0.0, _SHARE, label="veil I of neurons", acts=Acts.VALUE, later=True, of="assembly",
        note="share of the neurons that stand for the other which are one's own")
    neurons: int = setting(1000, Range(20, 20_000), label="neurons an area", acts=Acts.PROGRAM, scale="log", later=True,
        of="assembly", note="n of each of three areas; 1.6 √n of them may fire; a brain takes 7 n² bytes")
    overlap: float = setting(0.0, Range(0.0, 1e3), label="overlap λ", acts=Acts.VALUE, later=True, of="overlap",
        note="weight of D, how differently the two pictures of a pair are taken; the loss of acts is about .05, D of "
        "`distress` .3")
    overlap_from: float = setting(0.0, Range(0.0, 1e6), label="overlap from epoch", acts=Acts.VALUE, later=True,
        of="overlap", note="0: from scratch; later: the network that was supervised until then is finetuned")
    pair: str = setting("seat", ("seat", "distress", "random", "object"), label="pair", acts=Acts.PROGRAM, later=True,
        of="overlap", note="`seat`: a row, and the same with the players' places exchanged; `distress`: Frog's and "
        "Toad's on the same row; `object`: Frog's and a token's; `random`: two rows, a pull that says nothing")
    distance: str = setting("nmse", ("nmse", "mse"), label="distance", acts=Acts.PROGRAM, later=True, of="overlap",
        note="`nmse`: over the mean variance of the units; `mse` can be had by shrinking them")
    layers: str = setting("last", ("last", "all"), label="layers of D", acts=Acts.PROGRAM, later=True, of="overlap",
        note="whose units are compared")
    watched_share: float = setting(1.0, _SHARE, label="share watched s", acts=Acts.VALUE, later=True, of="imitation",
        note="share of the rows that are Toad's, seen and answered from its seat; 0: none, 1: it never acts itself")
    watch: str = setting("swapped", ("swapped", "as_played"), label="watch", acts=Acts.PROGRAM, later=True,
        of="imitation", note="`swapped`: Toad is seen wherever Frog may come to stand; `as_played`: where it stood, "
        "as `regime.veil_role` has it")
    energy: str = setting("watched", ("watched", "own"), label="energy shown", acts=Acts.PROGRAM, later=True,
        of="imitation", note="of whom the picture tells the energy while Toad is watched; with `own`, *jump* cannot "
        "be learnt")
    encoder: str = setting("shared", ("shared", "apart"), label="encoder of seen acts", acts=Acts.PROGRAM, later=True,
        of="contrastive", note="`apart`: the other is seen by a second network, which is not measured, nor decays")
    objective: str = setting("next", ("next", "auto", "random"), label="objective", acts=Acts.PROGRAM, later=True,
        of="predictive", note="what is predicted: the board one round later, or the picture itself; `random` learns "
        "nothing")
    predicted: str = setting("board", ("board", "board_and_energy"), label="predicted numbers", acts=Acts.PROGRAM,
        later=True, of="predictive", note="by `next`: ground and players; or one's own energy now as well, else there "
        "is no need to keep it, and jump cannot be read out")
    stimuli: str = setting("persons", ("persons", "boards"), label="stimuli", acts=Acts.PROGRAM, is_axis=False,
        later=True, of="assembly", note="`persons`: who it is and what it feels; `boards`: also where it stands, and "
        "then there are measures of matched boards")
    context_share: float = setting(0.2, _SHARE, label="context share c", acts=Acts.VALUE, later=True, of="assembly",
        note="share of a person's neurons that stand for its place and the day, where stimuli are boards")
    plasticity: str = setting("gradient", ("gradient", "hebbian"), label="plasticity", acts=Acts.PROGRAM, later=True,
        of="imitation", note="`hebbian`: acts are tried and rewarded where they are the watched ones, and the learning "
        "rate is that of synapses, .01 or so; without dropout and L2")
    homeostasis: str = setting("none", ("none", "episode"), label="homeostasis", acts=Acts.PROGRAM, later=True,
        of="assembly", note="`episode`: after each, synapses onto a neuron are scaled back to add up to their number")
    # reinforcement: what is played, what is paid, how it is learnt
    partner: str = setting("random", ("random", "hop", "expert", "greedy", "self", "frozen"), label="partner",
        acts=Acts.PROGRAM, later=True, of="reinforcement", note="who plays Toad: a scripted player; `self`: the "
        "network itself, which learns from both seats; or `frozen`: one of another population, which learns no more")
    reward: str = setting("score", ("score", "homeostatic"), label="reward", acts=Acts.PROGRAM, later=True,
        of="reinforcement", note="`homeostatic`: less hunger, one's own and the other's; see `weight_empathy`")
    reward_sharing: float = setting(0.0, _SHARE, label="reward sharing D", acts=Acts.VALUE,
        later=True, of="reinforcement", also=("turn_learners",),
        note="points are paid as (1 − D/2)·own + (D/2)·the other's; 1 is one reward "
        "for both")
    weight_empathy: float = setting(0.0, Range(0.0, 100.0), label="empathy w", acts=Acts.VALUE, later=True,
        of="reinforcement", note="of `homeostatic`, weight of the other's hunger beside one's own; hunger is "
        "((20 − energy)/20)² a round")
    score_weight: float = setting(1.0, Range(0.0, 100.0), label="weight of points", acts=Acts.VALUE, later=True,
        of="reinforcement", note="of `homeostatic`, where hunger weighs 1; at 0 the best player never moves on")
    partner_energy: str = setting("unseen", ("unseen", "seen"), label="partner's energy", acts=Acts.PROGRAM, later=True,
        of="reinforcement", also=("cirl_learner",),
        note="`seen`: a further input, which is 10 wherever it is not known, as on rows and boards")
    discount: float = setting(0.99, Range(0.0, 1.0, closed=False, from_low=True), label="discount γ", acts=Acts.VALUE,
        later=True, of="reinforcement", also=_PLAYERS,
        note="rewards are multiplied by 1 − γ, so that values are rewards a round")
    entropy_bonus: float = setting(0.01, Range(0.0, 10.0), label="entropy bonus", acts=Acts.VALUE, scale="log",
        later=True, of="reinforcement", also=_PLAYERS, note="what a nat of the policy's entropy is worth in the loss")
    anneal: float = setting(0.0, Range(0.0, 1e6), label="annealed over", acts=Acts.VALUE, later=True,
        of="reinforcement", also=_PLAYERS,
        note="million turns in which the learning rate falls to 0, linearly; 0: it stays")
    parallel_games: int = setting(64, Range(1, 65_536), label="games at once", acts=Acts.PROGRAM, scale="log",
        later=True, of="reinforcement", also=_PLAYERS, note="that a network plays side by side")
    horizon: int = setting(64, Range(2, 512), label="rounds an update", acts=Acts.PROGRAM, scale="log", later=True,
        of="reinforcement", also=_PLAYERS, note="of each game, played between two updates")
    update_epochs: int = setting(4, Range(1, 64), label="epochs an update", acts=Acts.PROGRAM, later=True,
        of="reinforcement", also=_PLAYERS, note="passes over what was played; with one of one minibatch PPO is A2C")
    minibatches: int = setting(4, Range(1, 1024), label="minibatches", acts=Acts.PROGRAM, later=True,
        of="reinforcement", also=_PLAYERS, note="of a pass")
    rationality: float = setting(2.0, Range(0.0, 100.0), label="rationality β", acts=Acts.VALUE, scale="log",
        later=True, of="cirl", also=("cirl_learner",),
        note="of Toad, who does a with exp(β q(a)), q what its next turn brings; 0: by chance")
    turns_of: str = setting("givers", ("givers", "chain", "oscillators"), label="turns of", acts=Acts.PROGRAM,
        later=True, of="turn_taking", note="two who keep each other alive in the game without flies; two who do one of "
        "two acts in turn; two phases")
    coupling: float = setting(1.0, Range(-20.0, 20.0), label="coupling κ", acts=Acts.VALUE, later=True,
        of="turn_taking", also=("turn_learners",),
        note="`chain`: log-odds of doing the opposite of the other's last act; `oscillators`: pull "
        "of the other's phase")
    detuning: float = setting(1.0, Range(0.0, 10.0), label="detuning Δω", acts=Acts.VALUE, later=True,
        of="turn_taking", note="`oscillators`: by how much their own frequencies differ, radians a round")
    phase_lag: float = setting(1.0, (0.0, 1.0), label="phase lag α/π", acts=Acts.VALUE, later=True, of="turn_taking",
        note="`oscillators`: 0 pulls them together, 1 apart")
    giving: str = setting("reciprocal", ("reciprocal", "blind"), label="giving", acts=Acts.PROGRAM, later=True,
        of="turn_taking", note="`givers`: to one who is no richer, or by chance")
    gives_below: int = setting(6, Range(0, 20), label="gives up to L", acts=Acts.VALUE, later=True,
        of="turn_taking", note="`reciprocal`: energy up to which the other is helped")
    gives_share: float = setting(0.35, _SHARE, label="share of gifts", acts=Acts.VALUE, later=True, of="turn_taking",
        note="`blind`: of its turns")
    # ways to learn, further ones
    finetunes: str | None = setting(None, is_axis=False, later=True, of="overlap", note="results of supervised "
        "networks, each of which goes on from that of its seed and settings; by default from scratch")
    areas: str = setting("shared", ("shared", "apart"), label="areas of persons", acts=Acts.PROGRAM, later=True,
        of="assembly", note="`shared`: one area for whoever it is; `apart`: SELF and OTHER, where who is not oneself "
        "fires both and teaches SELF nothing; a brain takes 10 n² bytes then")
    knows: str = setting("belief", ("belief", "masked", "told"), label="knows of Toad's goal", acts=Acts.PROGRAM,
        later=True, of="cirl_learner", note="a further input: the exact `belief` that Toad wants to get on; ½ always; "
        "or the truth, 1 or 0")
    partner_member: str = setting("", Id(), label="frozen partner", acts=Acts.PROGRAM, is_axis=False, later=True,
        of="reinforcement", note="the member that a `frozen` partner is, of the results in `regime.partner_results`; "
        "it does what it answers most")
    partner_results: str | None = setting(None, later=True)  # folder of the results with that member
    policies: str = setting("shared", ("shared", "apart"), label="policies", acts=Acts.PROGRAM, is_axis=False,
        later=True, of="reinforcement", note="beside `self`: one actor and critic that play both seats, or one for "
        "each; Frog's is measured then, and Toad's stored beside it")


# Regimes whose members learn by playing: the numbers of the game are theirs, part of their program, and not of rows.
PLAYING = ("reinforcement", *_PLAYERS)
# Regimes whose time, in episodes or rounds, no learning rate counts.
RATELESS = ("assembly", "cirl", "turn_taking")
