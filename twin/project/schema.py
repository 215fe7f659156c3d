"""Tables of a project file: the GeoPackage's own (OGC 12-128r17, 1.3) and ours."""

from __future__ import annotations

import struct
from datetime import UTC, datetime
from pathlib import Path

from layers.errors import ReadError
from twin.project.database import Database

SCHEMA = 1
"""Version of our tables. A change of them adds one here and a step that brings the older along."""

_APPLICATION_ID = 0x47504B47  # "GPKG", OGC 12-128r17 requirement 2
_USER_VERSION = 10300

_TABLES = (
    """CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT NOT NULL, srs_id INTEGER NOT NULL PRIMARY KEY,
       organization TEXT NOT NULL, organization_coordsys_id INTEGER NOT NULL,
       definition TEXT NOT NULL, description TEXT)""",
    """CREATE TABLE gpkg_contents (table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL,
       identifier TEXT UNIQUE, description TEXT DEFAULT '',
       last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
       min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER,
       CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id))""",
    """CREATE TABLE gpkg_geometry_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL,
       geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL, z TINYINT NOT NULL,
       m TINYINT NOT NULL, CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name),
       CONSTRAINT uk_gc_table_name UNIQUE (table_name),
       CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
       CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id))""",
    "CREATE TABLE dothi_meta (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL)",
    """CREATE TABLE dothi_layers (id TEXT NOT NULL PRIMARY KEY, position INTEGER NOT NULL,
       kind TEXT NOT NULL, name TEXT NOT NULL, role TEXT NOT NULL, crs TEXT NOT NULL,
       vertical TEXT NOT NULL, style TEXT, source TEXT, notices TEXT NOT NULL,
       content TEXT NOT NULL)""",
    """CREATE TABLE dothi_contents (key TEXT NOT NULL PRIMARY KEY, table_name TEXT,
       record TEXT NOT NULL)""",
    """CREATE TABLE dothi_blobs (content TEXT NOT NULL, name TEXT NOT NULL, part INTEGER NOT NULL,
       data BLOB NOT NULL, PRIMARY KEY (content, name, part))""",
    """CREATE TABLE dothi_journal (seq INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
       time TEXT NOT NULL, author TEXT NOT NULL, action TEXT NOT NULL, edit TEXT NOT NULL,
       previous TEXT NOT NULL, hash TEXT NOT NULL)""",
    "CREATE TABLE dothi_view (id INTEGER PRIMARY KEY CHECK (id = 1), view TEXT NOT NULL)",
)

_NO_SRS = (
    ("Undefined Cartesian SRS", -1, "NONE", -1, "undefined", ""),
    ("Undefined geographic SRS", 0, "NONE", 0, "undefined", ""),
)


def now() -> str:
    """The time as ISO 8601 in UTC, to the microsecond."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def lay_out(database: Database) -> None:
    """Make all tables in an empty file."""
    database.execute(f"PRAGMA application_id={_APPLICATION_ID}")
    database.execute(f"PRAGMA user_version={_USER_VERSION}")
    for statement in _TABLES:
        database.execute(statement)
    database.execute_many("INSERT INTO gpkg_spatial_ref_sys VALUES (?,?,?,?,?,?)", _NO_SRS)
    ensure_srs(database, "EPSG:4326")
    # Naming one table without geometry keeps GDAL from listing all our others as layers.
    database.execute(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, description)"
        " VALUES ('dothi_journal', 'attributes', 'dothi_journal', 'What was changed, by whom, when')"
    )
    set_meta(database, {"schema": str(SCHEMA), "created": now(), "code": code_version()})


def ensure_srs(database: Database, crs: str) -> int:
    """The number of `crs` in the file's list of coordinate systems, entered there if need be."""
    from pyproj import CRS  # opening a project must not wait for it

    found = CRS.from_user_input(crs)
    definition = found.to_wkt("WKT1_GDAL", pretty=False)
    known = database.rows(
        "SELECT srs_id FROM gpkg_spatial_ref_sys WHERE definition = ?", (definition,)
    )
    if known:
        return int(known[0][0])
    authority = found.to_authority()
    if authority is not None and authority[0] == "EPSG" and authority[1].isdigit():
        organisation, number = "EPSG", int(authority[1])
        if database.rows("SELECT 1 FROM gpkg_spatial_ref_sys WHERE srs_id = ?", (number,)):
            return number
    else:
        highest = database.rows("SELECT max(srs_id) FROM gpkg_spatial_ref_sys")[0][0]
        organisation, number = "NONE", max(100_000, int(highest) + 1)
    database.execute(
        "INSERT INTO gpkg_spatial_ref_sys VALUES (?,?,?,?,?,?)",
        (found.name, number, organisation, number, definition, ""),
    )
    return number


def set_meta(database: Database, values: dict[str, str]) -> None:
    """Write values of `dothi_meta`."""
    database.execute_many("INSERT OR REPLACE INTO dothi_meta VALUES (?, ?)", values.items())


def meta(database: Database) -> dict[str, str]:
    """All of `dothi_meta`."""
    return {str(key): str(value) for key, value in database.rows("SELECT * FROM dothi_meta")}


def code_version() -> str:
    """Version of the installed program."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("dothi")
    except PackageNotFoundError:
        return ""


def check_file(path: Path) -> None:
    """Refuse what cannot be a project before SQLite sees it.

    Raises
    ------
    ReadError
        It is missing, a folder, empty, or not a GeoPackage.
    """
    try:
        if not path.exists():
            raise ReadError(
                f"{path.name} is not there", hint=f"Look for it: {path}", code="file-missing"
            )
        if path.is_dir():
            raise ReadError(f"{path.name} is a folder", hint="Choose a project file (.gpkg).")
        if not path.is_file():
            raise ReadError(f"{path.name} is not a file", hint="Choose a project file (.gpkg).")
        with path.open("rb") as file:
            head = file.read(100)
    except OSError as damage:
        raise ReadError(
            f"{path.name} could not be opened: {damage.strerror or damage}",
            hint="Ask its owner for the right to read it.",
        ) from damage
    if not head:
        raise ReadError(
            f"{path.name} is empty (0 bytes)", hint="Go back to a copy of it.", code="file-empty"
        )
    if len(head) < 100 or not head.startswith(b"SQLite format 3\0"):
        raise ReadError(
            f"{path.name} is not a GeoPackage",
            hint="Choose a project file, or import it as a layer.",
            code="not-geopackage",
        )


def check_length(path: Path) -> None:
    """Refuse a file that was cut; after SQLite has undone what a crash left half written.

    The header says how many pages there are, where the writer was SQLite 3.7 or newer
    (SQLite file format, 1.3.7 and 1.3.8).
    """
    with path.open("rb") as file:
        head = file.read(100)
    (page,) = struct.unpack(">H", head[16:18])
    changes, pages = struct.unpack(">II", head[24:32])
    (valid_for,) = struct.unpack(">I", head[92:96])
    size = path.stat().st_size
    expected = (65536 if page == 1 else page) * pages
    if changes == valid_for and size < expected:
        raise ReadError(
            f"{path.name} was cut: {size} of {expected} bytes are there",
            hint="Copy or download it again, or go back to a copy of it.",
            code="project-cut",
        )


def check_tables(database: Database) -> None:
    """Refuse a GeoPackage that is no project, or one newer than this program.

    Raises
    ------
    ReadError
        Our tables are not there, or their version is not known here.
    """
    names = {
        str(name) for (name,) in database.rows("SELECT name FROM sqlite_master WHERE type='table'")
    }
    name = database.path.name
    if "dothi_meta" not in names:
        raise ReadError(
            f"{name} is not a project of Dothi",
            hint="Import it as a layer: in the window, or named in a recipe for dothi build.",
            code="not-a-project",
        )
    stated = meta(database).get("schema", "")
    if not stated.isdigit() or int(stated) < 1:
        raise ReadError(
            f"{name} is damaged: it does not say which version it has",
            hint="Go back to a copy of it.",
            code="project-damaged",
        )
    if int(stated) > SCHEMA:
        raise ReadError(
            f"{name} was written by a newer version of Dothi (file version {stated}, known {SCHEMA})",
            hint="Install the newer version to open it.",
            code="project-newer",
        )
    missing = {"dothi_layers", "dothi_contents", "dothi_journal"} - names
    if missing:
        raise ReadError(
            f"{name} is damaged: the table {min(missing)} is gone",
            hint="Go back to a copy of it.",
            code="project-damaged",
        )
