"""What the network does on boards where Toad's distress makes *help* right: Frog at columns 26 to 30."""

import jax.numpy as jnp
from jaxtyping import Array, Float32

from mirrorjax.game.state import Action
from mirrorjax.measurement.needs import needs


@needs("acts")
def behaviour(outputs: dict[str, Float32[Array, "4 boards"]]) -> dict[str, Float32[Array, ""]]:
    """Shares of boards answered by *help*: `rescue_accuracy` (xT, where it is right) and `help_unasked` (x0)."""
    answers = {name: jnp.argmax(out, axis=0) for name, out in outputs.items()}
    helps = {name: jnp.mean((answer == Action.HELP).astype(jnp.float32)) for name, answer in answers.items()}
    return {"rescue_accuracy": helps["xT"], "help_unasked": helps["x0"]}
