"""The form of a raster, the question that its import may end with, and its values as a table."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext

from frontend.forms import NOT_OFFERED
from frontend.importing import found
from frontend.importing.answers import reading_choices
from frontend.importing.names import title_from
from frontend.templatetags.hromada import number
from gis_core.communities import Community
from gis_core.jobs.models import Job, JobState
from importers.fields import field_key
from importers.rasters.pipeline import RasterRequest
from importers.rasters.tasks import run_raster_import
from layers.models import Layer, Raster
from layers.models.catalogue import AccessLevel, Theme

ASKED = frozenset({"crs-unknown", "raster-elsewhere", "several-layers"})
"""Failures that an answer mends."""
DIGITS = 6


class RasterForm(forms.Form):
    """`request` is what the job is given."""

    title_uk = forms.CharField(label=_("Title in Ukrainian"), max_length=200)
    access_level = forms.ChoiceField(
        label=_("Who may see it"),
        choices=AccessLevel.choices,
        initial=AccessLevel.STAFF,
        error_messages=NOT_OFFERED,
    )
    title_en = forms.CharField(label=_("Title in English"), max_length=200, required=False)
    theme = forms.ChoiceField(
        label=_("Theme"), choices=Theme.choices, initial=Theme.OTHER, error_messages=NOT_OFFERED
    )
    slug = forms.RegexField(
        r"^[a-z][a-z0-9_]{0,39}$", label=_("Short name"), required=False,
        help_text=_("For addresses: Latin small letters, digits and _. Made from the title when left empty."),
    )  # fmt: skip
    attribution = forms.CharField(
        label=_("Whose data these are"), max_length=300, required=False,
        help_text=_("Named beside the raster: who made or owns it."),
    )  # fmt: skip
    nodata = forms.CharField(
        label=_("Value that means “no data”"), max_length=40, required=False,
        help_text=_("A number or nan, where the file does not say it and a frame should not be shown."),
    )  # fmt: skip
    wanted = forms.CharField(max_length=300, required=False, widget=forms.HiddenInput)
    crs = forms.RegexField(r"^EPSG:\d{4,6}$", required=False, widget=forms.HiddenInput)
    elsewhere = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, community: Community, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.community = community

    def clean_slug(self) -> str:
        slug = str(self.cleaned_data["slug"])
        if slug and slug in self._taken():
            raise forms.ValidationError(
                _("There is a layer or a raster with this short name already. Choose another one.")
            )
        return slug

    def clean_nodata(self) -> str:
        text = str(self.cleaned_data["nodata"]).strip().replace(",", ".")
        try:
            if text and math.isinf(float(text)):
                raise ValueError
        except ValueError as error:
            raise forms.ValidationError(_("A number or nan was expected.")) from error
        return text

    def request(self) -> RasterRequest:
        sent = self.cleaned_data
        title = {"uk": sent["title_uk"], "en": sent["title_en"]}
        return RasterRequest(
            slug=sent["slug"] or field_key(field_key(sent["title_en"] or sent["title_uk"])[:36], self._taken()),
            title={language: text for language, text in title.items() if text},
            **{name: sent[name] for name in (
                "theme", "access_level", "attribution", "nodata", "wanted", "crs", "elsewhere"
            )},
        )  # fmt: skip

    def _taken(self) -> set[str]:
        """Layers and rasters share their names."""
        names: set[str] = set()
        for model in (Layer, Raster):
            names |= set(
                model._default_manager.filter(community=self.community).values_list("slug", flat=True)
            )
        return names


def initial_of(names: Sequence[str]) -> dict[str, Any]:
    return {"title_uk": title_from(names[0]) if names else ""}


def answered(request: Mapping[str, Any], post: Any, code: str) -> dict[str, Any] | None:
    """The request of a job that ended with the question `code`, with its answer; None where there is none."""
    if code == "several-layers":
        return {**request, "wanted": post["wanted"]} if post.get("wanted") else None
    if code == "raster-elsewhere" and "elsewhere" in post:
        return {**request, "elsewhere": True}
    crs = reading_choices(post).get("crs", "")
    return {**request, "crs": crs} if crs else None


@dataclass(frozen=True)
class Question:
    """What the import of a raster could not decide. `points` are for the map: what each answer would mean."""

    code: str
    systems: Sequence[found.Card] = ()
    points: Sequence[dict[str, Any]] = ()
    names: Sequence[str] = ()


def is_raster_job(job: Job) -> bool:
    return job.task_path == run_raster_import.module_path


def asked_of(job: Job) -> tuple[list[int], dict[str, Any]]:
    """Ids of the uploads, and the request, that a raster's job was given."""
    upload_ids, request, *_actor = job.arguments["args"]
    return upload_ids, request


def question_of(job: Job, *, bounded: bool) -> Question | None:
    if job.state != JobState.FAILED or job.error_code not in ASKED:
        return None
    params = job.error_params
    if job.error_code == "several-layers":
        return Question(job.error_code, names=[name for name in params["choices"].split(", ") if name])
    if job.error_code == "raster-elsewhere":
        place = {"value": "", "mark": found.MARKS[0], "points": [[params["lon"], params["lat"]]]}
        return Question(job.error_code, points=[place])
    options = [item for item in params.get("options") or [] if not item.get("swapped")][: found.MOST_CARDS]
    return Question(
        job.error_code, systems=found.systems_of(options, bounded=bounded), points=found.points_of(options)
    )


@dataclass(frozen=True)
class BandRow:
    """A band's values as people read them; "" where it has none."""

    name: str
    kind: str
    low: str
    high: str
    mean: str
    spread: str
    usual: str


def bands_of(raster: Raster) -> list[BandRow]:
    return [_band(band, values) for band, values in zip(raster.bands, raster.statistics, strict=True)]


def _band(band: Mapping[str, Any], values: Mapping[str, Any]) -> BandRow:
    shares = values.get("percentiles") or {}
    usual = f"{_value(shares['2'])} … {_value(shares['98'])}" if {"2", "98"} <= set(shares) else ""
    unit = f", {band['unit']}" if band.get("unit") else ""
    return BandRow(
        name=band.get("description") or color_name(band.get("color", "")) or str(band["index"]),
        kind=f"{band['dtype']}{unit}",
        low=_value(values.get("min")), high=_value(values.get("max")), mean=_value(values.get("mean")),
        spread=_value(values.get("std")), usual=usual,
    )  # fmt: skip


def _value(value: float | None) -> str:
    """Six digits that tell something; more would be noise of the computation."""
    return "" if value is None else number(float(f"{value:.{DIGITS}g}"))


def color_name(color: str) -> str:
    """What GDAL takes a band for, in words; "" for what says nothing."""
    names = {
        "red": _("red"), "green": _("green"), "blue": _("blue"), "gray": _("grey"), "alpha": _("transparency"),
        "palette": _("palette"), "undefined": "",
    }  # fmt: skip
    return str(names.get(color, color))


def nodata_text(raster: Raster) -> str:
    if raster.nodata is None:
        return ""
    return "nan" if math.isnan(raster.nodata) else _value(raster.nodata)


def pixel_text(side_m: float) -> str:
    """The side of a pixel on the ground: centimetres below a metre."""
    if side_m < 0.995:
        return f"{number(float(f'{side_m * 100:.3g}'))} " + pgettext("unit", "cm")
    return f"{number(float(f'{side_m:.4g}'))} " + pgettext("unit", "m")
