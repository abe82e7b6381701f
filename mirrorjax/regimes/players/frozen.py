"""Partners that are networks of other populations, as these ended: whoever assembles a job keeps them here.

They are looked up where a program is traced, by the id of the member, and their weights are constants of it.
"""

from mirrorjax.errors import InputError
from mirrorjax.game.players import Policy

FROZEN = "frozen"  # the partner that is one of them
_KEPT: dict[str, Policy] = {}


def freeze(member_id: str, policy: Policy) -> None:
    """Keeps a partner for whoever plays beside it in this process."""
    _KEPT[member_id] = policy


def frozen(member_id: str) -> Policy:
    """The partner of an id.

    Raises:
        InputError: nobody has loaded it.
    """
    if member_id not in _KEPT:
        given = f"regime.partner_member is {member_id!r}, whose weights were not loaded"
        raise InputError(f"{given}; allowed: a network that regime.partner_results has")
    return _KEPT[member_id]
