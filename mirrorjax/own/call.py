"""What `mirrorjax.measure` does with what it is given."""

from collections.abc import Mapping
from typing import Any

from mirrorjax.errors import InputError
from mirrorjax.own.found import Findings
from mirrorjax.own.given import CONDITIONS
from mirrorjax.own.measure import measured, recorded, with_causes
from mirrorjax.own.options import Options, nearest


def measure(
    activations: Any, behaviour: Any, network: Any, groups: Any, untrained: Any, stimuli: Any, kinds: Any, options: Any
) -> Findings:
    """See `mirrorjax.measure`; everything is checked before anything is computed."""
    chosen = Options.of(dict(options))
    if stimuli is not None:
        _check_stimuli(stimuli)
    if activations is None:
        if not hasattr(network, "record") or stimuli is None:
            raise InputError("activations: none given; without them a network that has record(stimuli), and stimuli")
        activations = recorded(network, stimuli)
    if (behaviour is None) != (network is None) and behaviour is not None:
        raise InputError("behaviour is given without network: what causes it is measured by running the network")
    if behaviour is not None and stimuli is None:
        raise InputError("behaviour is given without stimuli: the network is run on them, condition -> stimuli")
    if behaviour is not None and not (callable(network) or hasattr(network, "run")):
        raise InputError("network: expected a function network(stimuli, edit), or an object with run(stimuli, edit)")
    found = measured(activations, groups, kinds, untrained, stimuli, chosen)
    return found if behaviour is None else with_causes(found, network, stimuli, behaviour)


def _check_stimuli(stimuli: Any) -> None:
    if not isinstance(stimuli, Mapping):
        raise InputError(f"stimuli: {type(stimuli).__name__} given; expected a mapping condition -> stimuli")
    for name in stimuli:
        if name not in CONDITIONS:
            near = nearest(name, [*CONDITIONS])
            raise InputError(f"stimuli: unknown condition {name!r}{near}; allowed: {', '.join(CONDITIONS)}")
