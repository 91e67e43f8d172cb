"""Forms of the pages. They check what was typed; rules about layers and files live in their packages."""

from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.utils.translation import gettext_lazy as _

from frontend.coordinate_systems import crs_choices, encoding_choices
from gis_core.communities import Community
from importers.fields import field_key
from layers.models import Changeset, Layer
from layers.models.catalogue import AccessLevel, Theme


class SignInForm(AuthenticationForm):
    """E-mail and password. The answer never says which of the two was wrong."""

    error_messages = {
        "invalid_login": _("There is no account with this e-mail and password. Check both and try again."),
        "inactive": _("This account is closed."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = _("E-mail")
        self.fields["username"].widget = forms.EmailInput(
            attrs={"autocomplete": "username", "autofocus": True}
        )

    def clean_username(self) -> str:
        return str(self.cleaned_data["username"]).strip().lower()


class RevertForm(forms.Form):
    """Why a changeset is undone."""

    comment = forms.CharField(
        label=_("Reason"),
        max_length=500,
        help_text=_("It is kept in the history and shown beside the change."),
    )


class ImportForm(forms.Form):
    """A file and where it goes. What is in the file is not looked at here: a job does that."""

    NEW, EXISTING = "new", "existing"

    file = forms.FileField(label=_("File"), max_length=200)
    target = forms.ChoiceField(
        label=_("Where to"),
        choices=[(NEW, _("A new layer")), (EXISTING, _("A layer that exists"))],
        widget=forms.RadioSelect,
        initial=NEW,
    )
    title_uk = forms.CharField(label=_("Title in Ukrainian"), max_length=200, required=False)
    title_en = forms.CharField(label=_("Title in English"), max_length=200, required=False)
    theme = forms.ChoiceField(label=_("Theme"), choices=Theme.choices, initial=Theme.OTHER, required=False)
    access_level = forms.ChoiceField(
        label=_("Who may see it"),
        choices=AccessLevel.choices,
        initial=AccessLevel.STAFF,
        required=False,
        help_text=_("This can be changed later. What holds personal data is never for everyone."),
    )
    slug = forms.RegexField(
        r"^[a-z][a-z0-9_]{0,39}$",
        label=_("Short name"),
        required=False,
        help_text=_("For addresses: Latin small letters, digits and _. Made from the title when left empty."),
    )
    layer = forms.ChoiceField(label=_("Layer"), required=False)
    mode = forms.ChoiceField(
        label=_("What to do with the features it has"),
        choices=[("", _("Nothing is there yet")), *Changeset.StagingMode.choices],
        required=False,
    )
    crs = forms.ChoiceField(label=_("Coordinate system"), required=False)
    crs_code = forms.RegexField(
        r"^\s*(?:[Ee][Pp][Ss][Gg]:)?\d{4,6}\s*$",
        label=_("Another system, by its EPSG code"),
        required=False,
        help_text=_("For example 7825. It counts more than the list."),
    )
    encoding = forms.ChoiceField(label=_("Encoding of the letters"), required=False)
    source_layer = forms.CharField(
        label=_("Layer in the file"),
        max_length=200,
        required=False,
        help_text=_("Only where the file holds several."),
    )
    key_field = forms.RegexField(
        r"^[a-z][a-z0-9_]{0,58}$",
        label=_("Key field"),
        required=False,
        help_text=_(
            "The field that tells features apart, such as cad_num. With it a later file can update them."
        ),
    )
    comment = forms.CharField(label=_("Comment"), max_length=500, required=False)

    def __init__(self, *args: Any, community: Community, layers: Sequence[Layer], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.community = community
        self.layers = {layer.slug: layer for layer in layers}
        titles = [(slug, layer.local_title) for slug, layer in self.layers.items()]
        self._choices("layer", [("", _("Choose a layer")), *titles])
        self._choices("crs", crs_choices(community.local_srid))
        self._choices("encoding", encoding_choices())
        if not self.layers:
            self._choices("target", [(self.NEW, _("A new layer"))])

    def _choices(self, name: str, choices: Any) -> None:
        cast(forms.ChoiceField, self.fields[name]).choices = choices

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("target") == self.EXISTING:
            self._clean_existing(cleaned)
        elif "target" in cleaned:
            self._clean_new(cleaned)
        return cleaned

    def _clean_existing(self, cleaned: dict[str, Any]) -> None:
        layer = self.layers.get(cleaned.get("layer", ""))
        if layer is None:
            self.add_error("layer", _("Choose the layer that the file belongs to."))
        elif layer.feature_count and not cleaned.get("mode"):
            self.add_error("mode", _("The layer already holds features. Say what becomes of them."))

    def _clean_new(self, cleaned: dict[str, Any]) -> None:
        if not cleaned.get("title_uk"):
            self.add_error("title_uk", _("Give the new layer a title."))
        slug = cleaned.get("slug", "")
        if slug and Layer.objects.filter(community=self.community, slug=slug).exists():
            self.add_error("slug", _("There is a layer with this short name already. Choose another one."))

    def decisions(self) -> dict[str, Any]:
        """What was decided, under the names of `importers.plan.ImportRequest`."""
        cleaned = self.cleaned_data
        shared = {
            "crs": cleaned["crs_code"].strip().upper() or cleaned["crs"],
            **{name: cleaned[name] for name in ("encoding", "source_layer", "comment")},
        }
        if cleaned["target"] == self.EXISTING:
            return {"slug": cleaned["layer"], "mode": cleaned["mode"], **shared}
        titles = {"uk": cleaned["title_uk"], "en": cleaned["title_en"]}
        return {
            "slug": cleaned["slug"] or self._free_slug(cleaned["title_en"] or cleaned["title_uk"]),
            "title": {language: text for language, text in titles.items() if text},
            "theme": cleaned["theme"] or Theme.OTHER,
            "access_level": cleaned["access_level"] or AccessLevel.STAFF,
            "key_field": cleaned["key_field"],
            **shared,
        }

    def _free_slug(self, title: str) -> str:
        taken = Layer.objects.filter(community=self.community).values_list("slug", flat=True)
        base = field_key(title)[:36].rstrip("_")
        return field_key(base, taken)


class AnswerForm(forms.Form):
    """The answer to what an import asked: one of the options it gave."""

    answer = forms.ChoiceField(widget=forms.RadioSelect)

    def __init__(self, *args: Any, options: Sequence[tuple[str, str]], label: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = cast(forms.ChoiceField, self.fields["answer"])
        field.label, field.choices = label, options
