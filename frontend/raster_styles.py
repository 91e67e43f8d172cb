"""How a raster is drawn, as a form: the usual looks by choice, everything else as its JSON."""

import json
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from frontend.forms import NOT_OFFERED
from layers.models import Raster
from layers.styles.raster_recipe import RAMPS

AS_IT_COMES, OWN = "", "own"
_SHADED = 0.6
_COLOURS = ("red", "green", "blue")
_LOOKS = (
    (AS_IT_COMES, _("As it comes")),
    ("rgb", _("Three bands as red, green and blue")),
    ("ramp", _("Colour ramp")),
    ("hillshade", _("Shaded relief (of heights)")),
    ("slope", _("Steepness of slopes (of heights)")),
    (OWN, _("Own style (JSON)")),
)
_RAMP_TITLES = {
    "grey": _("Grey"), "viridis": "Viridis", "cividis": "Cividis", "magma": "Magma", "relief": _("Relief"),
    "yellow_red": _("Yellow to red"), "blues": _("Blues"), "greens": _("Greens"),
    "red_green": _("Red to green"), "brown_teal": _("Brown to teal"),
}  # fmt: skip


class RasterStyleForm(forms.Form):
    """`style()` is what is stored. What is wrong with it is found where it is stored."""

    look = forms.ChoiceField(label=_("Look"), choices=_LOOKS, required=False, error_messages=NOT_OFFERED)
    taken_on = forms.DateField(
        label=_("The day that it shows"), required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("Rasters of one place are told apart and compared by it."),
    )  # fmt: skip
    opacity = forms.IntegerField(
        label=_("Opacity at first, %"), min_value=10, max_value=100, initial=100, required=False
    )
    red = forms.TypedChoiceField(label=_("Red"), coerce=int, required=False, error_messages=NOT_OFFERED)
    green = forms.TypedChoiceField(label=_("Green"), coerce=int, required=False, error_messages=NOT_OFFERED)
    blue = forms.TypedChoiceField(label=_("Blue"), coerce=int, required=False, error_messages=NOT_OFFERED)
    band = forms.TypedChoiceField(label=_("Band"), coerce=int, required=False, error_messages=NOT_OFFERED)
    ramp = forms.ChoiceField(
        label=_("Ramp"), choices=[(key, _RAMP_TITLES[key]) for key in RAMPS], required=False,
        error_messages=NOT_OFFERED,
    )  # fmt: skip
    low = forms.FloatField(label=_("From the value"), required=False)
    high = forms.FloatField(
        label=_("To the value"), required=False, help_text=_("Empty: the usual values of this raster.")
    )
    reverse = forms.BooleanField(label=_("Turn the ramp round"), required=False)
    shaded = forms.BooleanField(label=_("Shade it, where the values are heights in metres"), required=False)
    own = forms.CharField(
        label=_("Own style (JSON)"), required=False, max_length=50_000, strip=True,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false", "class": "mono"}),
    )  # fmt: skip

    def __init__(self, *args: Any, raster: Raster, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.has_three = len(raster.bands) >= 3
        if not self.has_three:
            self.fields["look"].choices = [it for it in _LOOKS if it[0] != "rgb"]  # type: ignore[attr-defined]
            for name in _COLOURS:
                del self.fields[name]
        numbers = [(band["index"], band["description"] or str(band["index"])) for band in raster.bands]
        for name in {*_COLOURS, "band"} & set(self.fields):
            self.fields[name].choices = numbers  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        low, high = found.get("low"), found.get("high")
        if found.get("look") in ("ramp", "slope"):
            if (low is None) != (high is None):
                self.add_error("high" if high is None else "low", _("Give both values, or neither."))
            elif low is not None and high is not None and low >= high:
                self.add_error("high", _("It must be above the other value."))
        if found.get("look") == OWN:
            try:
                self._parsed = json.loads(found.get("own") or "")
            except (ValueError, RecursionError):
                self.add_error("own", _("This is not JSON. Check commas, quotes and brackets."))
        return found

    def style(self) -> Any:
        """The style as it is stored; {} for the default."""
        given = self.cleaned_data
        look, band = given["look"], given["band"] or 1
        opacity = (given["opacity"] or 100) / 100
        if look == OWN:
            return self._parsed
        if look == AS_IT_COMES:
            return {}
        renderer: dict[str, Any] = {"type": look}
        if look == "rgb":
            renderer["bands"] = [given[name] or number for number, name in enumerate(_COLOURS, 1)]
        else:
            renderer["band"] = band
        if look in ("ramp", "slope"):
            renderer["ramp"] = given["ramp"] or "grey"
            if given["low"] is not None:
                renderer["range"] = [given["low"], given["high"]]
            if given["reverse"]:
                renderer["reverse"] = True
        if look == "ramp" and given["shaded"]:
            renderer["relief"] = _SHADED
        return {"version": 1, "renderer": renderer} | ({"opacity": opacity} if opacity < 1 else {})


_OFFERED: dict[str, set[str]] = {
    "rgb": {"type", "bands"},
    "ramp": {"type", "band", "ramp", "range", "reverse", "relief"},
    "hillshade": {"type", "band"},
    "slope": {"type", "band", "ramp", "range", "reverse"},
}


def initial_of(raster: Raster) -> dict[str, Any]:
    """The form as the raster is drawn now. A style that the choices cannot say is shown as its JSON."""
    style, taken_on = raster.style, raster.taken_on
    bands = {
        "red": 1,
        "green": 2,
        "blue": 3,
        "band": 1,
        "taken_on": taken_on,
        "opacity": 100,
        "ramp": "relief",
    }
    if not style:
        return {**bands, "look": AS_IT_COMES}
    written = json.dumps(style, ensure_ascii=False, indent=1)
    renderer = style.get("renderer", {})
    look = renderer.get("type")
    shading = renderer.get("relief", 0) in (0, _SHADED)
    if not shading or set(renderer) - _OFFERED.get(look, set()):
        return {**bands, "look": OWN, "own": written}
    red, green, blue = renderer.get("bands", (1, 2, 3))
    low, high = renderer.get("range", (None, None))
    return {
        **bands, "look": look, "opacity": round(style.get("opacity", 1) * 100), "red": red, "green": green,
        "blue": blue, "band": renderer.get("band", 1), "ramp": renderer.get("ramp", "grey"), "low": low, "high": high,
        "reverse": renderer.get("reverse", False), "shaded": bool(renderer.get("relief")), "own": written,
    }  # fmt: skip
