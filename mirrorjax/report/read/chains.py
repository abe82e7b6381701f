"""Populations that extend each other belong together."""

from mirrorjax.results.read import Population


def chains(populations: list[Population]) -> list[list[Population]]:
    """Populations and what extends them, together; in each list, and of the lists, the oldest comes first."""
    by_name = {population.name: population for population in populations}
    manifests = {name: population.manifest for name, population in by_name.items()}
    oldest_first = sorted(by_name, key=lambda name: (str(manifests[name].get("created") or ""), name))
    groups = {name: {name} for name in by_name}
    for name in by_name:
        for other in manifests[name].get("extends") or ():
            if other in groups and groups[other] is not groups[name]:
                groups[name] |= groups[other]
                for each in groups[name]:
                    groups[each] = groups[name]
    places = {name: place for place, name in enumerate(by_name)}
    leaders = {id(group): [name for name in oldest_first if name in group] for group in groups.values()}
    return [[by_name[name] for name in group] for group in sorted(leaders.values(), key=lambda g: places[g[0]])]
