"""Reads a results folder: a sweep with its populations, or one population. Never stops at a broken file."""

from collections.abc import Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from mirrorjax.errors import InputError
from mirrorjax.results.later import join_later, view_of
from mirrorjax.results.population import SCHEMAS, Population, listed, no_unique
from mirrorjax.results.store import TABLES

LAST_RECORDS = (  # SQL: the last record of each network
    "SELECT * FROM records QUALIFY row_number() OVER (PARTITION BY population, member_id ORDER BY checkpoint DESC) = 1"
)


class Results:
    """Everything in a results folder.

    Attributes:
        folder: the sweep's folder, or the population's if that was opened.
        populations: by name.
        problems: one line for each file that was met, and skipped because it is torn or foreign.
    """

    def __init__(self, folder: Path, populations: Sequence[Path]):
        self.folder = folder
        self.problems: list[str] = []
        self.populations = [Population(found, self.problems) for found in populations]
        for population in self.populations:
            if (population.folder / "manifest.json").exists():
                _ = population.manifest  # which refuses a later version's, before anything else of it is read

    def __repr__(self) -> str:
        done = sum(population.done for population in self.populations)
        return f"Results({self.folder}: {len(self.populations)} populations, {done} done)"

    @classmethod
    def open(cls, path: str | Path) -> "Results":
        """Opens a sweep's folder or one population's.

        Raises:
            InputError: it is neither, or a later version of mirrorjax wrote it.
        """
        folder = Path(path)
        if not folder.is_dir():
            raise InputError(f"{path}: {'a file, not a results folder' if folder.exists() else 'no such folder'}")
        if _is_population(folder):
            return cls(folder, [folder.resolve()])
        inside = sorted(found for found in folder.iterdir() if found.is_dir())
        if populations := [found for found in inside if _is_population(found)]:
            return cls(folder, populations)
        if (folder / "sweep.json").exists():
            raise InputError(f"{path}: this sweep has no population yet")
        if sweeps := [found.name for found in inside if (found / "sweep.json").exists()]:
            raise InputError(f"{path}: no results here, but sweeps: give one of {listed(sweeps)}")
        raise InputError(
            f"{path}: no results here; a results folder holds sweep.json and a folder per population, "
            "each with manifest.json and members.parquet"
        )

    def query(self, sql: str) -> pa.Table:
        """Runs SQL (DuckDB) over the views `members`, `records` and `units`, each with a column `population`.

        Raises:
            InputError: DuckDB does not take the query.
        """
        try:
            table = self._answer(sql)
        except duckdb.Error as error:
            torn_ones = [population.find_torn() for population in self.populations]  # all of them are read
            if any(torn_ones):
                return self.query(sql)
            raise InputError(f"query: {error}") from error
        if table is None:
            raise InputError("query: it gives no table; start it with SELECT")
        return table

    def _answer(self, sql: str) -> pa.Table | None:
        with duckdb.connect() as connection:
            for table in TABLES:
                files = [file for population in self.populations for file in population.files(table)]
                if files:
                    connection.execute(view_of(table, files))
                    later = [file for each in self.populations for file in each.later_files()]
                    if table == "records" and later:
                        join_later(connection, later)
                else:
                    empty = SCHEMAS[table].empty_table()
                    connection.register(table, empty.add_column(0, "population", pa.array([], pa.string())))
            answer = connection.sql(sql)
            return None if answer is None else answer.to_arrow_table()

    def find_member(self, member: str) -> tuple[Population, str]:
        """The population and full id of a member.

        It is given as a beginning of its id that no other has, after `POPULATION/` where two populations share an id.

        Raises:
            InputError: no such member, or more than one.
        """
        population_part, _, id_part = member.rpartition("/")
        within = [population for population in self.populations if population.name.startswith(population_part)]
        places = {f"{each.name}/{member_id}": (each, member_id) for each in within for member_id in each.member_ids}
        begun = [place for place, (_, member_id) in places.items() if member_id.startswith(id_part)]
        found = [place for place in begun if places[place][1] == id_part] or begun
        if len(found) != 1:
            raise InputError(no_unique(member, found, places, self.folder))
        return places[found[0]]


def _is_population(folder: Path) -> bool:
    return (folder / "manifest.json").exists() or (folder / "members.parquet").exists()
