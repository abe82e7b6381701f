"""What a measure needs of a network, declared at the measure; of a network that lacks it there is no such column."""

from collections.abc import Callable
from typing import Any, TypeVar

from mirrorjax.models.base import Network, is_layered

Measure = TypeVar("Measure", bound=Callable[..., Any])


def _has_circuits(network: Network) -> bool:
    return is_layered(network) and [site.kind for site in network.sites] == ["rate", "rate"]


NEEDS: dict[str, Callable[[Network], bool]] = {
    "acts": lambda network: network.outputs > 0,
    "rates": lambda network: any(site.kind == "rate" for site in network.sites),
    "levels": lambda network: any(site.kind != "spikes" for site in network.sites),
    "circuits": _has_circuits,  # two layers of rates, one an affine map behind the other, and an affine map to the acts
}


def needs(*names: str) -> Callable[[Measure], Measure]:
    """Declares what a measure needs, names in NEEDS."""

    def declared(measure: Measure) -> Measure:
        measure.needs = tuple(NEEDS[name] for name in names)  # pyright: ignore[reportFunctionMemberAccess]
        return measure

    return declared


def fits(measure: Callable[..., Any], network: Network) -> bool:
    """Whether a network has what a measure needs."""
    return all(has(network) for has in getattr(measure, "needs", ()))
