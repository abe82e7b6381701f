"""The columns of members.parquet beside its settings: who a member is, how large, and what its knobs come to."""

SEEDS = ("seed", "init_seed", "order_seed", "dropout_seed")
SIZES = {"parameters": "parameters", "units": "units"}  # label by name; they follow from depth and width
# Measured in the rows that a member is trained on: they follow from its settings and the draw of the data.
ROWS = {"train_boards": "training boards found", "train_rows": "training rows"}
KNOBS = {
    "measured_dependency": "dependency measured",
    "identity_hidden": "identity hidden, bits",
    "participation_ratio": "participation ratio of the pictures",
}
COORDINATES = {**KNOBS, **ROWS, **SIZES}
