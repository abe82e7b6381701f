"""The page of a network of somebody's own: one file that needs nothing else."""

from html import escape
from pathlib import Path

from mirrorjax.measures import OF_OWN_NETWORKS, label
from mirrorjax.own.figures import sites, units
from mirrorjax.own.listing import Listing, in_words
from mirrorjax.own.rowed import FindingsData
from mirrorjax.own.words import answer
from mirrorjax.report.chart.figure import Table
from mirrorjax.report.page.html import details, page, panel_html, section, table_html
from mirrorjax.report.words.numbers import counted
from mirrorjax.results.store import write_text

_NOT_SAID = (
    "That a unit answers to self and to other, and to the object less, says what it does on these stimuli: not that it "
    "causes anything (ablation and patching ask that), nor that training made it (untrained copies ask that).",
    "What an object raises too is no mirror code. If the object is weaker than self and other, any unit that answers "
    "to strength looks like one: read the strengths and the tipping factor beside every claim.",
    "Rows of one template, item or seed are one observation. Told as many, noise is called a code nine times in ten.",
    "Units are a basis. In a residual stream, whose directions have no such meaning, patterns are what to look at.",
    "No rejection is no proof of absence, and least with few rows.",
)
_P = {
    "p_rows": "whether it is there in this network, whatever rows were drawn; says nothing of learning",
    "p_sites": "the same as if every site had been looked at for it (Holm)",
    "p_roles": "whether the same units carry self and other beyond what their strengths give; a stopgap for copies",
    "p_untrained": "whether it is more than untrained copies of the network have on the same rows",
    "p_random": "whether mirror units do more than random sets of as many other units",
}


def write_page(found: FindingsData, path: Path) -> Path:
    """Writes the page, and gives its path.

    Raises:
        NotWritten: the system does not allow it.
    """
    write_text(path, page("Mirror units of a network – mirrorjax", _body(found)))
    return path


def _body(found: FindingsData) -> str:
    sentences = "".join(f"<li>{escape(sentence)}</li>" for sentence in answer(found))
    table = found.table()
    each = "".join(details(name, _table(_of_site(table, name))) for name in found.sites)
    limits = "".join(f"<li>{escape(sentence)}</li>" for sentence in _NOT_SAID)
    parts = [
        f'<header><h1>Mirror units of a network</h1><p class="subtitle">{escape(_shown(found))}</p></header>',
        section("What was found", f"<ul>{sentences}</ul>", "answer"),
        section("Site by site", panel_html(sites(found), "sites") + _table(_claims(found)), "sites-section"),
        section("Units", panel_html(units(found), "units"), "units-section"),
        section("Every measure", each, "measures"),
        section("What this cannot say", f"<ul>{limits}</ul>", "limits"),
        section("How to read it", _methods(found), "methods"),
    ]
    return "\n".join(parts)


def _shown(found: FindingsData) -> str:
    given = found.given
    rows = counted(given.rows, "row")
    groups = "" if given.group_count == given.rows else f" in {counted(given.group_count, 'group')}"
    return (
        f"{', '.join(given.conditions)}; {rows}{groups}; {counted(len(given.sites), 'site')}, "
        f"{counted(sum(map(given.units, given.sites)), 'unit')}; seed {found.options.seed}, "
        f"{found.options.draws} draws, {len(found.copies)} untrained copies"
    )


def _of_site(table: Listing, name: str) -> Listing:
    own = table.where(site=name)
    return Listing(tuple(column for column in own.columns if column != "site"), own.rows)


def _claims(found: FindingsData) -> Listing:
    """One line a site: what is claimed, and what could explain it away."""
    rows = []
    for name, site in found.sites.items():
        if not site.has("self", "other", "object"):
            continue
        mirror, matched, ssi = (
            found.value(name, each) for each in ("mirror_units", "mirror_units_matched", "ssi_unbiased")
        )
        row = {"site": name, label("mirror_units"): int(mirror.value), "p_sites": in_words("p_", mirror.p_sites)}
        row |= {label("mirror_units_matched"): f"p {in_words('p_', matched.p_rows) or 'undefined'}"}
        for each in ("strength_self", "strength_other", "tipping"):
            value = "object inert" if site.object_is_inert else in_words("", found.value(name, each).value)
            row[label(each)] = value or "undefined"
        bounds = f"{in_words('', ssi.value)} [{in_words('', ssi.low)}, {in_words('', ssi.high)}]"
        row |= {label("ssi_unbiased"): bounds if ssi.value == ssi.value else "undefined"}
        if found.copies:
            row |= {"p_untrained": in_words("p_", mirror.p_untrained)}
        rows.append(row)
    return Listing(tuple(rows[0]), rows) if rows else Listing((), [])


def _table(listing: Listing) -> str:
    return table_html(Table(listing.columns, [listing.words(row) for row in listing.rows])) if len(listing) else ""


def _methods(found: FindingsData) -> str:
    used = {row.measure for row in found.rows}
    columns = {name for name in found.table().columns if name in _P}
    terms = [(name, words) for name, words in _P.items() if name in columns]
    terms += [(each.label, each.note) for each in OF_OWN_NETWORKS if each.name in used]
    terms.append(("low, high", "one-sided 95 % bounds: a claim is above its lower one"))
    return '<dl class="methods">' + "".join(f"<dt>{escape(a)}</dt><dd>{escape(b)}.</dd>" for a, b in terms) + "</dl>"
