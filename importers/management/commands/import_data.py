"""`manage.py import_data FILE --community KATOTTG --layer SLUG`: a file becomes a layer, or part of one."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from gis_core.communities import Community
from gis_core.errors import BadParameter
from gis_core.jobs import progress
from gis_core.management.reporting import Report, ReportingCommand
from importers.choices import KEEP
from importers.confirming import DataElsewhere
from importers.pipeline import import_file
from importers.plan import ImportRequest, Mode
from importers.report import RowIssue
from importers.summary import ImportSummary
from importers.uploads import display_name
from layers.models.catalogue import AccessLevel, Theme


class Command(ReportingCommand):
    help = (
        "Import a zipped Shapefile, GeoPackage, GeoJSON or another vector file into a layer, as one "
        "changeset. Exit code: 0 done, 1 done with rows or letters left out, 2 refused and nothing changed."
    )
    answered_with = {
        "encoding-unknown": "--encoding",
        "crs-unknown": "--crs",
        "crs-inexact": "--crs",
        "several-layers": "--source-layer",
        "layer-needed": "--layer",
        "mode-needed": "--mode",
        "place-column-needed": "--place-column",
        "data-elsewhere": "--accept-outside",
        "sent-again-differs": "--mode",
        "schema-differs": "--map, --leave-out",
        "columns-collide": "--map, --leave-out",
    }

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("file", type=Path, help="the file, zip or folder")
        parser.add_argument("--community", required=True, help="KATOTTG code or short name")
        parser.add_argument(
            "--layer", default="",
            help="short name of a new or existing layer; not needed for a file that was imported before",
        )  # fmt: skip
        parser.add_argument("--title", default="", help="title of a new layer, in Ukrainian")
        parser.add_argument("--title-en", default="", help="title of a new layer, in English")
        parser.add_argument("--theme", choices=Theme.values, default=Theme.OTHER)
        parser.add_argument(
            "--access", choices=AccessLevel.values, default=AccessLevel.STAFF,
            help="who may read a new layer (default: %(default)s, the community's members)",
        )  # fmt: skip
        parser.add_argument(
            "--crs", default="", help="EPSG code of the coordinates, where the file does not tell"
        )
        parser.add_argument(
            "--encoding", default="", help="encoding of the text, where the file does not tell"
        )
        parser.add_argument(
            "--source-layer", default="", help="which layer of the file, where it has several"
        )
        parser.add_argument(
            "--key-field", default="",
            help="field whose value is unique in a new layer (default: one that looks like it)",
        )  # fmt: skip
        parser.add_argument("--no-key", action="store_true", help="make a new layer without a key field")
        parser.add_argument(
            "--mode", choices=Mode.values, default="",
            help="what happens to features already there (default: update, for a file that was imported before)",
        )  # fmt: skip
        parser.add_argument(
            "--accept-outside", action="store_true", help="data outside of the community belong there"
        )
        parser.add_argument("--standard", default="", help="standard layer that gives a new one its fields")
        parser.add_argument(
            "--map", action="append", default=[], metavar="COLUMN=KEY",
            help="store a column of the file under this key; may be given more than once",
        )  # fmt: skip
        parser.add_argument(
            "--leave-out",
            action="append",
            default=[],
            metavar="COLUMN",
            help="leave a column of the file out",
        )
        parser.add_argument(
            "--keep-personal", action="append", default=[], metavar="COLUMN=REASON",
            help="keep a column with personal data, and say why",
        )  # fmt: skip
        parser.add_argument(
            "--swap-xy", choices=["yes", "no"], default="", help="whether X and Y stand in the wrong order"
        )
        parser.add_argument(
            "--fix-lookalikes", action="store_true",
            help="put Latin letters in Cyrillic words right instead of only telling of them",
        )  # fmt: skip
        parser.add_argument(
            "--place-column", default="", metavar="COLUMN",
            help="column whose codes say where the rows of a table without coordinates lie",
        )  # fmt: skip
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would change, and change nothing"
        )
        parser.add_argument("--comment", default="", help="comment of the changeset")

    def report(self, **options: Any) -> Report:
        community = Community.objects.named(options["community"])
        title = {"uk": options["title"], "en": options["title_en"]}
        request = ImportRequest(
            slug=options["layer"],
            title={language: text for language, text in title.items() if text},
            theme=options["theme"],
            access_level=options["access"],
            crs=options["crs"],
            encoding=options["encoding"],
            source_layer=options["source_layer"],
            key_field=None if options["no_key"] else options["key_field"],
            mode=options["mode"],
            comment=options["comment"],
            standard=options["standard"],
            field_map=_pairs(options["map"], "map"),
            left_out=options["leave_out"],
            keep_personal=_pairs(options["keep_personal"], "keep-personal"),
            swap_xy=None if not options["swap_xy"] else options["swap_xy"] == "yes",
            unmapped=KEEP,
            fix_lookalikes=options["fix_lookalikes"],
            place_column=options["place_column"],
            accept_outside=options["accept_outside"],
        )
        with progress.observed(self._show):
            summary = import_file(
                file=options["file"], name=display_name(options["file"].name), community=community,
                actor=None, request=request, dry_run=options["dry_run"],
            )  # fmt: skip
        return report_of(summary, dry_run=options["dry_run"], accepts=options["accept_outside"])

    def _show(self, fraction: float | None, message: str) -> None:
        share = "" if fraction is None else f"{fraction:4.0%} "
        self.progress(f"{share}{message}")


def _pairs(given: list[str], option: str) -> dict[str, str]:
    """COLUMN=VALUE options as a mapping. Raises BadParameter."""
    for text in given:
        if "=" not in text:
            raise BadParameter(parameter=option, reason=_("COLUMN=VALUE was expected."))
    return dict(text.rsplit("=", 1) if option == "map" else text.split("=", 1) for text in given)


def report_of(summary: ImportSummary, *, dry_run: bool = False, accepts: bool = False) -> Report:
    """The summary as lines for people and a document for machines. `accepts`: data outside of the community belong
    there."""
    accuracy = "" if summary.accuracy_m is None else f", ±{summary.accuracy_m:g} {_('m')}"
    lines = [
        (_("New layer %s.") if summary.created_layer else _("Layer %s.")) % summary.layer,
        _("Rows read: %(read)s, imported: %(imported)s, repaired: %(repaired)s, rejected: %(rejected)s.")
        % {key: getattr(summary, key) for key in ("read", "imported", "repaired", "rejected")},
        _("Differences: added %(added)s, changed %(changed)s, removed %(removed)s, unchanged %(unchanged)s.")
        % {key: getattr(summary, key) for key in ("added", "changed", "removed", "unchanged")},
        _what_was_done(summary, dry_run),
        _("Coordinate system: %(crs)s %(name)s (%(operation)s%(accuracy)s).")
        % {
            "crs": summary.crs,
            "name": summary.crs_name,
            "operation": summary.operation,
            "accuracy": accuracy,
        },
        _("Encoding of the text: %s.") % summary.encoding,
        _("Who may read it: %s.") % AccessLevel(summary.access_level).label,
        *_issue_lines(summary),
    ]
    left_out = ""
    if summary.rejected:
        left_out = ngettext(
            "%(count)s row was left out; the reason is above.",
            "%(count)s rows were left out; the reasons are above.",
            summary.rejected,
        ) % {"count": summary.rejected}
    elif summary.elsewhere and not accepts:
        left_out = str(DataElsewhere(rows=summary.imported, outside=summary.outside))
    elif damaged := summary.issue_counts.get("text-damaged", 0):
        left_out = ngettext(
            "The letters of %(count)s value were not readable; check the encoding.",
            "The letters of %(count)s values were not readable; check the encoding.",
            damaged,
        ) % {"count": damaged}
    document = summary.as_json()
    document["changeset_status"] = document.pop("status")  # "status" is how the command ended
    return Report(lines, document, left_out)


def _what_was_done(summary: ImportSummary, dry_run: bool) -> str:
    if summary.changeset is None:
        return _("Nothing to change: the layer holds all of this already.")
    if dry_run:
        return _("This was a trial; nothing was changed.")
    return _(
        "Features created: %(created)s, updated: %(updated)s, deleted: %(deleted)s (changeset %(changeset)s)."
    ) % {key: getattr(summary, key) for key in ("created", "updated", "deleted", "changeset")}


def _issue_lines(summary: ImportSummary) -> list[str]:
    lines = []
    for issue in summary.first_issues:
        row = f"{_('Row')} {issue['row']}: " if issue["row"] else ""
        lines.append(f"  {row}{RowIssue(**issue).message}")
    if summary.issues > len(summary.first_issues):
        lines.append(_("  … and %s more.") % (summary.issues - len(summary.first_issues)))
    return lines
