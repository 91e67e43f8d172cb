"""Why a file cannot be imported: one named failure each, with what to do about it.

The process that opens the file raises these too; they cross over as code and params (`by_code`), so params
are plain JSON values and never hold text of GDAL or a path of this machine.
"""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from gis_core.errors import HromadaError
from importers.rule_titles import advice_after, rule_title


class ImportProblem(HromadaError):
    """Base of every reason why a file is not imported."""

    code = "import-problem"
    message = _("The file could not be imported.")


# --- what kind of file it is ---


class NotSpatial(ImportProblem):
    code = "not-a-spatial-file"
    message = _(
        "“%(name)s” is not a file with spatial data that we can read. Send a zipped Shapefile, GeoPackage, "
        "File Geodatabase, GeoJSON, FlatGeobuf, KML, KMZ, GML, MapInfo TAB or MIF, GPX, DXF, the cadastral exchange "
        "file (XML), in4, or a table (CSV, XLSX, ODS) with coordinates or codes."
    )


class FormatNotSupported(ImportProblem):
    code = "format-not-supported"
    message = _(
        "“%(name)s” is a %(format)s file, which cannot be read here. Ask whoever made it to export it as "
        "%(instead)s."
    )


class ContentMismatch(ImportProblem):
    code = "content-mismatch"
    message = _(
        "“%(name)s” has the extension of a %(format)s file, but its content is something else. Send the "
        "original file, or export it again."
    )


class NotThisXml(ImportProblem):
    code = "not-this-xml"
    message = _(
        "“%(name)s” is an XML file of a kind that we do not read. Send the cadastral exchange file "
        "(UkrainianCadastralExchangeFile), GML, KML or GPX."
    )


class NotGeoJson(ImportProblem):
    code = "not-geojson"
    message = _(
        "“%(name)s” is JSON but not GeoJSON: it has no features with geometries. If it is the answer of a "
        "service, ask it for GeoJSON, or make a table of it (CSV, XLSX) with coordinates."
    )


class SpreadsheetLocked(ImportProblem):
    code = "spreadsheet-locked"
    message = _("The spreadsheet “%(name)s” has a password. Save it without one and send it again.")


class FileNotFound(ImportProblem):
    code = "file-not-found"
    status = 404
    message = _("There is no file “%(name)s”, or it may not be read. Check the name and the path.")


class EmptyFile(ImportProblem):
    code = "empty-file"
    message = _("“%(name)s” is empty (0 bytes). Copy or export it again.")


class Unreadable(ImportProblem):
    code = "unreadable-file"
    message = _(
        "“%(name)s” looks like a %(format)s file but is damaged: it could not be read to the end. Open it in "
        "the program that made it and export it again."
    )


class Truncated(ImportProblem):
    code = "truncated-file"
    message = _(
        "“%(name)s” is cut short: its header promises %(expected)s bytes, there are %(found)s. Copy the file "
        "again, the last transfer was not complete."
    )


class CountsDisagree(ImportProblem):
    code = "counts-disagree"
    message = _(
        "The parts of “%(name)s” do not belong together: the header promises %(expected)s records, %(found)s "
        "were found. Export the file again and send all of its parts."
    )


class MissingPart(ImportProblem):
    code = "missing-part"
    message = _(
        "“%(name)s” is a %(format)s, but its %(part)s part is missing. Put all files with this name "
        "(%(parts)s) into one zip and send it again."
    )


class DoctypeRefused(ImportProblem):
    code = "doctype-refused"
    message = _(
        "“%(name)s” holds a document type declaration (DOCTYPE), which can carry attacks and is never needed "
        "in map data. Export the file again without it."
    )


class UnsafeDatabase(ImportProblem):
    code = "unsafe-database"
    message = _(
        "“%(name)s” holds database objects that run when it is read (%(objects)s). Save the layer into a new "
        "GeoPackage and send that."
    )


# --- archives ---


class ArchiveProblem(ImportProblem):
    """Base of what can be wrong with a zip."""

    code = "archive-problem"


class ArchiveDamaged(ArchiveProblem):
    code = "archive-damaged"
    message = _("The archive “%(name)s” is damaged or no zip. Pack the files into a zip again.")


class ArchivePath(ArchiveProblem):
    code = "archive-path"
    message = _(
        "The archive “%(name)s” holds an entry that points outside of it (“%(entry)s”). Nothing was "
        "unpacked. Pack the files again without folders."
    )


class ArchiveLink(ArchiveProblem):
    code = "archive-link"
    message = _(
        "The archive “%(name)s” holds a link or a device instead of a file (“%(entry)s”). Pack the files "
        "themselves."
    )


class ArchiveEncrypted(ArchiveProblem):
    code = "archive-encrypted"
    message = _("The archive “%(name)s” has a password. Pack the files again without one.")


class ArchiveNested(ArchiveProblem):
    code = "archive-nested"
    message = _(
        "The archive “%(name)s” holds another archive (“%(entry)s”). Unpack it and pack the files themselves "
        "into one zip."
    )


class ArchiveOverlap(ArchiveProblem):
    code = "archive-overlap"
    message = _(
        "In the archive “%(name)s” two entries share a name or the same bytes (“%(entry)s”). Pack the files "
        "into a zip again."
    )


class ArchiveMethod(ArchiveProblem):
    code = "archive-method"
    message = _(
        "The archive “%(name)s” is packed in a way we do not read (“%(entry)s”). Pack the files as an "
        "ordinary zip."
    )


class ArchiveEmpty(ArchiveProblem):
    code = "archive-empty"
    message = _(
        "The archive “%(name)s” holds no file with spatial data. Put the parts of a Shapefile, the folder of a File "
        "Geodatabase, or one GeoPackage, GeoJSON, KML, GML, TAB or MIF file into it."
    )


# --- layers, coordinates, text ---


class SeveralLayers(ImportProblem):
    code = "several-layers"
    message = _("“%(name)s” holds several layers: %(choices)s. Say which one to import.")


class LayerNotInFile(ImportProblem):
    code = "layer-not-in-file"
    message = _("“%(name)s” holds no layer “%(layer)s”. It holds: %(choices)s.")


class FieldNotInFile(ImportProblem):
    code = "field-not-in-file"
    message = _("The layer “%(layer)s” has no field “%(field)s”. It has: %(choices)s.")


class EmptyLayer(ImportProblem):
    code = "empty-layer"
    message = _("The layer “%(layer)s” holds no rows. Check that the export was not limited to a selection.")


class NothingLeft(ImportProblem):
    """Params: `rules` {rule of `importers.report`: rows}."""

    code = "nothing-left"
    status = 422
    message = _(
        "None of the %(rows)s rows of the layer “%(layer)s” passed the checks, so nothing was imported. Most often: "
        "%(finding)s. %(advice)s"
    )

    @classmethod
    def sentence(cls, params: Mapping[str, Any]) -> str:
        rule = str(params.get("rule", ""))
        return super().sentence({**params, "finding": rule_title(rule), "advice": advice_after(rule)})


class NoGeometry(ImportProblem):
    code = "no-geometry"
    message = _(
        "The layer “%(layer)s” is a table without coordinates. Add columns with longitude and latitude, a WKT column, "
        "or a column of codes by which a place is known (cadastral numbers, KATOTTG), and send it again."
    )


class PlaceColumnNeeded(ImportProblem):
    code = "place-column-needed"
    status = 409
    message = _(
        "Several columns of the table “%(layer)s” hold codes of places: %(choices)s. Say by which of them its rows lie "
        "where they do."
    )


class ParcelsNeeded(ImportProblem):
    code = "parcels-needed"
    status = 409
    message = _(
        "The table “%(layer)s” has cadastral numbers and no coordinates, and the community has no layer of "
        "parcels from which their places could be taken. Import the parcels first, then this table again."
    )


class EncodingUnknown(ImportProblem):
    """Params: `options` [{encoding, confidence, samples, rows}], `choices` the same as one line of text, `encoding`
    what the bytes look like ("" where that is open)."""

    code = "encoding-unknown"
    message = _(
        "The layer “%(layer)s” does not say how its letters are encoded, or says what its letters contradict. "
        "Choose the encoding in which this is readable: %(choices)s."
    )


class EncodingNotKnown(ImportProblem):
    code = "encoding-not-known"
    message = _("There is no encoding “%(encoding)s”. Usual ones are %(choices)s.")


class CrsUnknown(ImportProblem):
    """Params: `options` [{code, name, lon, lat, swapped, score, points, operation, accuracy_m}], `choices` the
    same as one line of text."""

    code = "crs-unknown"
    message = _(
        "The layer “%(layer)s” does not say in which coordinate system it is, or says one in which its data "
        "would lie elsewhere. Name it; sensible here are: %(choices)s."
    )


class CrsNotKnown(ImportProblem):
    code = "crs-not-known"
    message = _(
        "There is no coordinate system “%(crs)s”. Give an EPSG code, for example EPSG:9832 or 9832, or a zone of "
        "SK-63, for example SK63:C5."
    )


class CrsInexact(ImportProblem):
    """Params: `options` and `choices` as of CrsUnknown."""

    code = "crs-inexact"
    message = _(
        "The coordinate system of the layer “%(layer)s” (“%(crs)s”) does not say how it lies on the Earth; "
        "features could be misplaced by more than 100 m. Name the system; sensible here are: %(choices)s."
    )


# --- limits, and the process that opens the file ---


class OverLimit(ImportProblem):
    code = "over-limit"
    status = 413
    message = _(
        "“%(name)s” is beyond a limit of this server (%(limit)s): %(found)s, allowed are %(allowed)s. Split "
        "the file, or ask the administrator to raise the limit."
    )


class TimedOut(ImportProblem):
    code = "import-timed-out"
    status = 422
    message = _(
        "“%(name)s” took longer than %(seconds)s seconds to read and was stopped. Split it into smaller "
        "files or simplify its geometries."
    )


class OutOfMemory(ImportProblem):
    code = "import-out-of-memory"
    status = 422
    message = _(
        "“%(name)s” needs more memory than the %(megabytes)s MB allowed for reading a file. Split it into "
        "smaller files."
    )


class ReaderStopped(ImportProblem):
    code = "import-reader-stopped"
    status = 422
    message = _(
        "The program that reads “%(name)s” ended unexpectedly. The file is probably damaged; open it where "
        "it was made and export it again. Nothing was imported."
    )


class DiskFull(ImportProblem):
    code = "disk-full"
    status = 507
    message = _(
        "There is no space left on the server to unpack and convert “%(name)s”; nothing was imported. Tell the "
        "administrator, and try again when there is room."
    )


class DiskShort(ImportProblem):
    code = "disk-short"
    status = 507
    message = _(
        "The server's disk is nearly full, so no file is taken in. Tell the administrator, and try again when "
        "there is room."
    )


class SandboxUnavailable(ImportProblem):
    code = "sandbox-unavailable"
    status = 503
    message = _(
        "Files cannot be opened safely on this server just now, so nothing is imported. The administrator "
        "finds the reason in the log (Linux 5.13 or newer with Landlock and seccomp is needed)."
    )


def by_code(code: str, params: dict[str, Any]) -> ImportProblem:
    """The failure that another process reported; ReaderStopped where the code means nothing here."""
    for kind in _all_kinds(ImportProblem):
        if kind.code == code:
            try:
                kind.sentence(params)
            except (KeyError, TypeError, ValueError):
                break
            return kind(**params)
    return ReaderStopped(name=str(params.get("name", "")))


def _all_kinds(kind: type[ImportProblem]) -> list[type[ImportProblem]]:
    return [kind, *(below for child in kind.__subclasses__() for below in _all_kinds(child))]
