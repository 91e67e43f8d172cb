"""What an import asks when a file does not say enough, as choices under human names."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib.gis.geos import Point
from django.utils.translation import gettext as _

from frontend.coordinate_systems import crs_name, encoding_name
from frontend.forms import AnswerForm
from gis_core.communities import Community
from gis_core.jobs.models import Job, JobState
from importers.tasks import run_import
from layers.models import Changeset


@dataclass(frozen=True)
class Option:
    """One possible answer; `samples` show what it would make of the file, `fits` that it is likely."""

    value: str
    label: str
    samples: Sequence[str] = ()
    fits: bool = False


@dataclass(frozen=True)
class Question:
    """`decides` names the attribute of ImportRequest that the answer fills."""

    decides: str
    title: str
    explanation: str
    options: Sequence[Option] = field(default_factory=tuple)

    def form(self, data: Any = None) -> AnswerForm:
        return AnswerForm(data, options=[(item.value, item.label) for item in self.options], label=self.title)


def question_of(job: Job, community: Community) -> Question | None:
    """The question a failed import ended with; None where it failed otherwise, or offers no options."""
    if job.state != JobState.FAILED or job.task_path != run_import.module_path:
        return None
    params = job.error_params
    match job.error_code:
        case "encoding-unknown":
            found = _encoding(params)
        case "crs-unknown" | "crs-inexact":
            found = _crs(params, community)
        case "several-layers":
            found = _source_layer(params)
        case "mode-needed":
            found = _mode()
        case _:
            return None
    return found if found.options else None


def _encoding(params: dict[str, Any]) -> Question:
    return Question(
        "encoding",
        _("In which of these are the words readable?"),
        _(
            "The file does not say how its letters are encoded. Below are words from it, "
            "read in different ways."
        ),
        [
            Option(it["encoding"], encoding_name(it["encoding"]), it["samples"])
            for it in params.get("options", [])
        ],
    )


def _crs(params: dict[str, Any], community: Community) -> Question:
    found = [_crs_option(item, community) for item in params.get("options", [])]
    return Question(
        "crs",
        _("In which coordinate system is the file?"),
        _("The file does not say it. For each system you see where the middle of the data would lie."),
        sorted(found, key=lambda option: not option.fits),
    )


def _crs_option(item: dict[str, Any], community: Community) -> Option:
    code = item["code"]
    longitude, latitude = item.get("lon"), item.get("lat")
    fits, samples = False, []
    if longitude is not None and latitude is not None:
        here = Point(longitude, latitude, srid=4326)
        fits = community.boundary is not None and community.boundary.covers(here)
        samples = [
            _("latitude %(lat)s, longitude %(lon)s") % {"lat": f"{latitude:.4f}", "lon": f"{longitude:.4f}"}
        ]
    return Option(code, f"{crs_name(int(code.removeprefix('EPSG:')))} ({code})", samples, fits)


def _source_layer(params: dict[str, Any]) -> Question:
    names = params.get("options") or str(params.get("choices", "")).split(", ")
    return Question(
        "source_layer",
        _("Which layer of the file?"),
        _("The file holds several layers. One of them is imported at a time."),
        [Option(name, name) for name in names if name],
    )


def _mode() -> Question:
    explained = {
        "append": _("Every row of the file becomes a new feature."),
        "update": _(
            "Features with the same key get the new values, other rows are added, nothing is deleted."
        ),
        "replace": _("Features that are not in the file are deleted. The history keeps them."),
    }
    return Question(
        "mode",
        _("What to do with the features the layer has?"),
        _("The layer already holds features."),
        [Option(mode.value, str(mode.label), [explained[mode.value]]) for mode in Changeset.StagingMode],
    )
