"""What may be said of a network, and what may not, in sentences."""

import math

from scipy.special import ndtri

from mirrorjax.measures import label
from mirrorjax.own.given import Given
from mirrorjax.own.joined import LEVEL
from mirrorjax.own.rowed import FindingsData
from mirrorjax.own.rows import MeasureRow
from mirrorjax.own.site import SiteFound
from mirrorjax.report.words.numbers import counted, listed, short_interval, short_number

PATTERN = 0.05  # that the lower end of SSI must be above: a gain before a rectifier is not quite one after it
_INERT = "The object control changes nothing at {}: nothing there can be called social."
_NO_MIRROR = "No site has units that answer to self and to other, and to the object less."
_ABSENCE = (
    "That is no proof that there are none: with {groups} and {units} units at a site a unit's z, which is at most √G = "
    "{most}, must be beyond {needed}."
)


def answer(found: FindingsData) -> list[str]:
    """What was found, site by site, what contradicts it, and what is not known."""
    sentences: list[str] = []
    social = [site for site in found.sites.values() if site.has("self", "other", "object")]
    inert = [site.name for site in social if site.object_is_inert]
    claimed = [site for site in social if site.name not in inert and is_claimed(found, site)]
    sentences += [_claim(found, site) for site in claimed]
    if social and not claimed:
        sentences += [_NO_MIRROR, _absence(found)]
    if inert:
        sentences.append(_INERT.format(listed(inert)))
    if not social and {"self", "other"} <= {*found.given.contrasts}:
        sentences += [_shared(found)]
    if not found.copies and social:
        sentences.append("Whether training made it is not known: no untrained copies were measured.")
    return [*sentences, *found.missing]


def is_claimed(found: FindingsData, site: SiteFound) -> bool:
    """Whether a site has mirror units, as if every site had been looked at for them."""
    return found.value(site.name, "mirror_units").p_sites <= LEVEL


def _claim(found: FindingsData, site: SiteFound) -> str:
    units, matched = (found.value(site.name, name) for name in ("mirror_units", "mirror_units_matched"))
    words = f"{site.name}: {counted(int(units.value), 'unit')} answer to self and to other, and to the object less"
    if matched.p_rows <= LEVEL:
        words += ", also with the object scaled up to their strength"
    else:
        words += f", but not with the object scaled up to their strength (up to a factor of {_factor(site.tipping)})"
    ssi = found.value(site.name, "ssi_unbiased")
    if ssi.low > PATTERN and ssi.p_sites <= LEVEL:
        words += f"; so does the whole pattern ({label('ssi_unbiased')} {short_interval(ssi.low, ssi.value, ssi.high)})"
    else:
        words += "; the pattern as a whole does not"
    return f"{words}{_training(found, units, ssi)}."


def _factor(value: float) -> str:
    return short_number(value) if math.isfinite(value) else "100"


def _training(found: FindingsData, *rows: MeasureRow) -> str:
    if not found.copies:
        return ""
    copies = len(found.copies)
    if 1 / (1 + copies) > LEVEL:
        return f"; {copies} untrained copies are too few to say whether training made it"
    known = [row.p_untrained for row in rows if not math.isnan(row.p_untrained)]
    if known and max(known) <= LEVEL:
        return f"; {copies} untrained copies have less"
    if known and min(known) <= LEVEL:
        return f"; {copies} untrained copies have less of one of these and as much of the other"
    return "; untrained copies have as much, so that training need not have made it"


def _shared(found: FindingsData) -> str:
    sites = [name for name in found.sites if found.value(name, "shared_units").p_sites <= LEVEL]
    if not sites:
        return "No site has units that answer to self and to other."
    return f"Units answer to self and to other at {listed(sites)}. Whether to any other change as well is not known."


def _absence(found: FindingsData) -> str:
    given: Given = found.given
    units = max(site.sized.unique for site in found.sites.values())
    groups = counted(given.group_count, "row" if given.group_count == given.rows else "group")
    needed, most = float(-ndtri(LEVEL / units)), math.sqrt(given.group_count)
    return _ABSENCE.format(groups=groups, units=f"{units:,.0f}", most=short_number(most), needed=short_number(needed))
