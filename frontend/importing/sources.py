"""The source of a layer as a form and in words, for those who manage the layer: its address may hold a key."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from frontend.importing import stages
from frontend.importing.target import MODES
from gis_core import limits
from gis_core.communities import Community
from gis_core.errors import HromadaError
from gis_core.jobs.messages import error_sentence
from importers.documents import short_document
from importers.models import Import, LayerSource
from importers.states import states_of
from layers.models import Layer

Kind = LayerSource.Kind
CHIPS = {"applied": "good", "failed": "bad", "waiting": "warn", "submitted": "info"}
HISTORY = 10
INTERVALS = (60, 360, 720, 1440, 10_080, 43_200)
MOST_MINUTES = 527_040


class SourceForm(forms.Form):
    """`attributes` are those of `importers.harvest.schedule.set_source`."""

    kind = forms.ChoiceField(label=_("Kind"), choices=Kind.choices, initial=Kind.GEOJSON)
    url = forms.CharField(
        label=_("Address"), max_length=2000,
        help_text=_("Public, beginning with https:// or http://, without a password in it."),
        widget=forms.TextInput(attrs={"inputmode": "url", "spellcheck": "false", "autocomplete": "off"}),
    )  # fmt: skip
    source_layer = forms.CharField(
        label=_("Name of the layer there"), max_length=200, required=False, help_text=_("Needed for WFS.")
    )
    every_minutes = forms.TypedChoiceField(label=_("How often"), coerce=int, initial=1440)
    mode = forms.ChoiceField(label=_("What to do with the features it has"), required=False)
    max_changes = forms.IntegerField(
        label=_("Apply without asking up to this many changed features"), min_value=0,
        max_value=2_000_000_000, initial=1000,
    )  # fmt: skip
    max_removed_percent = forms.IntegerField(
        label=_("and if at most this share is removed, %"), min_value=0, max_value=100, initial=5
    )
    enabled = forms.BooleanField(label=_("Fetch on this schedule"), required=False, initial=True)

    def __init__(self, *args: Any, source: LayerSource | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.source = source
        if source is not None:
            plain = set(self.fields) - {"mode"}
            now = {name: getattr(source, name) for name in plain}
            self.initial = {**now, "mode": source.choices.get("mode", ""), **self.initial}
        minutes = {it for it in INTERVALS if it >= limits.value("min_harvest_minutes")}
        known = sorted(minutes | ({source.every_minutes} if source else set()))
        self.fields["every_minutes"].choices = [(it, interval(it)) for it in known]  # type: ignore[attr-defined]
        usual = ("", _("by the key, else replace all"))
        self.fields["mode"].choices = [usual, *((value, title) for value, title, _more in MODES)]  # type: ignore[attr-defined]

    def attributes(self) -> dict[str, Any]:
        """Choices that this form does not ask for stay as they are."""
        sent = dict(self.cleaned_data)
        mode = sent.pop("mode")
        kept = {name: value for name, value in (self.source.choices if self.source else {}).items()
                if name != "mode"}  # fmt: skip
        return {**sent, "choices": {**kept, "mode": mode} if mode else kept}

    def refused(self, error: HromadaError) -> None:
        """Shows the failure at the field that it is about."""
        if error.code == "address-refused":
            name = "url"
        else:
            name = str(error.params.get("parameter") or error.params.get("choice") or "")
        told = (
            str(error.params["reason"])
            if error.code == "bad-parameter" and name in self.fields
            else str(error)
        )
        self.add_error(name if name in self.fields else None, told)


def interval(minutes: int) -> str:
    """“Every 6 hours”; in the largest unit that goes into it."""
    if minutes % 1440 == 0:
        count = minutes // 1440
        one, text = _("every day"), ngettext("every %(count)s day", "every %(count)s days", count)
    elif minutes % 60 == 0:
        count = minutes // 60
        one, text = _("every hour"), ngettext("every %(count)s hour", "every %(count)s hours", count)
    else:
        count = minutes
        one, text = _("every minute"), ngettext("every %(count)s minute", "every %(count)s minutes", count)
    return str(one) if count == 1 else text % {"count": count}


def source_of(layer: Layer) -> LayerSource | None:
    return LayerSource.objects.select_related("last_import").filter(layer=layer).first()


def source_context(layer: Layer, form: SourceForm | None = None) -> dict[str, Any]:
    """What the page of the layer shows of its source to those who manage it. `form`: one that was refused."""
    source = source_of(layer)
    context: dict[str, Any] = {
        "source": source,
        "source_form": form or SourceForm(source=source),
        "source_open": form is not None,
    }
    if source is None:
        return context
    problem = source.problem
    return {
        **context,
        "source_chip": CHIPS.get(source.outcome, ""),
        "source_every": interval(source.every_minutes),
        "source_problem": error_sentence(problem["code"], problem["params"], problem["code"])
        if problem
        else "",
        "source_off": bool(source.failures) and not source.enabled,
        "source_waits": source.last_import if source.outcome == LayerSource.Outcome.WAITING else None,
        "source_imports": _history(source),
    }


def _history(source: LayerSource) -> list[dict[str, Any]]:
    """The last imports of the source, the newest first."""
    made = Import.objects.select_related("changeset").filter(
        community=source.layer.community_id, choices__layer=source.layer.slug, name__in=_names(source.url)
    )
    shown = list(made.order_by("-pk")[:HISTORY])
    return [
        {"importing": it, "label": short_document(it, state)["status_label"], "chip": stages.chip_of(state.status)}
        for it, state in zip(shown, states_of(shown), strict=True)
    ]  # fmt: skip


def _names(url: str) -> tuple[str, str]:
    """What `importers.harvest.run` calls the files of a source."""
    host = urlsplit(url).hostname or ""
    return f"{host}.geojson", f"{host}.csv"


def from_sources(imports: Iterable[Import], community: Community) -> set[int]:
    """The ids of those that a source brought; one query."""
    known = {
        (slug, name)
        for slug, url in LayerSource.objects.filter(layer__community=community).values_list(
            "layer__slug", "url"
        )
        for name in _names(url)
    }
    return {it.pk for it in imports if (it.choices.get("layer", ""), it.name) in known}
