"""The form of where a file goes: a new layer, or one that exists and what becomes of its features."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from frontend.forms import NOT_OFFERED
from frontend.importing.names import title_of
from gis_core.communities import Community
from importers.fields import field_key
from importers.steps import free_slug
from layers.models import Changeset, Layer
from layers.models.catalogue import AccessLevel, Theme, localised
from layers.schema import Schema
from layers.standards import standard_attributes

NEW, EXISTING = "new", "existing"
NO_KEY = "-"
LOOKALIKES = "lookalike-letters"
"""The rule that finds what `fix_lookalikes` puts right."""
Mode = Changeset.StagingMode
MODES = (
    (
        Mode.UPDATE.value,
        pgettext_lazy("import mode", "Update"),
        _("Features of the layer get the new values of the file, what is new is added, nothing is deleted."),
    ),
    (
        Mode.REPLACE.value,
        _("Replace all"),
        _("As update, and what is not in the file is deleted. The history keeps it."),
    ),
    (
        Mode.APPEND.value,
        _("Only add"),
        _("Rows that the layer does not have yet are added; what is there stays as it is."),
    ),
)


class TargetForm(forms.Form):
    """`decisions` are under the names of `importers.choices.Choices`."""

    target = forms.ChoiceField(
        label=_("Where to"), choices=[(NEW, _("A new layer")), (EXISTING, _("A layer that exists"))],
        widget=forms.RadioSelect, initial=NEW, error_messages=NOT_OFFERED,
    )  # fmt: skip
    title_uk = forms.CharField(label=_("Title in Ukrainian"), max_length=200, required=False)
    title_en = forms.CharField(label=_("Title in English"), max_length=200, required=False)
    theme = forms.ChoiceField(
        label=_("Theme"),
        choices=Theme.choices,
        initial=Theme.OTHER,
        required=False,
        error_messages=NOT_OFFERED,
    )
    access_level = forms.ChoiceField(
        label=_("Who may see it"), choices=AccessLevel.choices, initial=AccessLevel.STAFF, required=False,
        error_messages=NOT_OFFERED,
        help_text=_("This can be changed later. What holds personal data is never for everyone."),
    )  # fmt: skip
    standard = forms.ChoiceField(
        label=_("Standard layer"), required=False, error_messages=NOT_OFFERED,
        help_text=_("A ready list of fields and a style for what every community keeps. It is not needed."),
    )  # fmt: skip
    slug = forms.RegexField(
        r"^[a-z][a-z0-9_]{0,39}$", label=_("Short name"), required=False,
        help_text=_("For addresses: Latin small letters, digits and _. Made from the title when left empty."),
    )  # fmt: skip
    key_field = forms.CharField(
        label=_("Key field"), max_length=200, required=False, strip=False,
        help_text=_("The field that tells features apart. With it a later file can update them."),
        widget=forms.Select,
    )  # fmt: skip
    layer = forms.ChoiceField(label=_("Layer"), required=False, error_messages=NOT_OFFERED)
    mode = forms.ChoiceField(
        label=_("What to do with the features it has"), required=False, widget=forms.RadioSelect,
        choices=[(value, title) for value, title, _explained in MODES], initial=Mode.UPDATE.value,
        error_messages=NOT_OFFERED,
    )  # fmt: skip
    fix_lookalikes = forms.BooleanField(
        label=_("Put right Latin letters that stand in Ukrainian words"), required=False
    )
    comment = forms.CharField(label=_("Comment"), max_length=500, required=False)

    def __init__(
        self, *args: Any, community: Community, layers: Sequence[Layer], document: Mapping[str, Any], **kwargs: Any
    ) -> None:  # fmt: skip
        super().__init__(*args, **kwargs)
        self.community, self.document = community, document
        self.layers = {layer.slug: layer for layer in layers}
        titles = [(slug, layer.local_title) for slug, layer in self.layers.items()]
        self._choices("layer", [("", _("Choose a layer")), *titles])
        self._choices("standard", [("", _("none, as in the file")), *standard_titles(document)])
        self.initial = {**initial_of(document, set(self.layers)), **self.initial}
        self.fields["key_field"].widget.choices = key_choices(document)
        if not self.layers:
            self._choices("target", [(NEW, _("A new layer"))])

    def _choices(self, name: str, choices: Any) -> None:
        cast(forms.ChoiceField, self.fields[name]).choices = choices

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("target") == EXISTING:
            if cleaned.get("layer", "") not in self.layers:
                self.add_error("layer", _("Choose the layer that the file belongs to."))
        elif not (cleaned.get("title_uk") or cleaned.get("title_en")):
            self.add_error("title_uk", _("Give the new layer a title."))
        else:
            self._clean_slug(cleaned)
        return cleaned

    def _clean_slug(self, cleaned: dict[str, Any]) -> None:
        slug = cleaned.get("slug", "")
        if slug and Layer.objects.filter(community=self.community, slug=slug, is_draft=False).exists():
            self.add_error("slug", _("There is a layer with this short name already. Choose another one."))

    def decisions(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        if cleaned["target"] == EXISTING:
            return {
                "layer": cleaned["layer"], "mode": cleaned["mode"] or Mode.UPDATE.value,
                "title": {}, "standard": "", "key_field": "", "comment": cleaned["comment"],
                "fix_lookalikes": cleaned["fix_lookalikes"],
            }  # fmt: skip
        titles = {"uk": cleaned["title_uk"], "en": cleaned["title_en"]}
        return {
            "layer": cleaned["slug"] or self._slug(cleaned["title_en"] or cleaned["title_uk"]),
            "title": {language: text for language, text in titles.items() if text},
            "theme": cleaned["theme"] or Theme.OTHER.value,
            "access_level": cleaned["access_level"] or AccessLevel.STAFF.value,
            "standard": cleaned["standard"],
            "key_field": None if cleaned["key_field"] == NO_KEY else cleaned["key_field"],
            "mode": "",
            "comment": cleaned["comment"],
            "fix_lookalikes": cleaned["fix_lookalikes"],
        }

    def _slug(self, title: str) -> str:
        """A free short name that sounds like the title; the one that this import has, while it fits."""
        base = field_key(title)[:36].rstrip("_")
        before = str(self.document["choices"]["layer"])
        if before not in self.layers and (before == base or before.startswith(f"{base}_")):
            return before
        return free_slug(self.community, title)


def key_choices(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The key of a new layer: the one that is proposed, another column, or none."""
    titles = {item["key"]: localised(item["title"]) or item["source"] for item in document["proposal"]}
    proposed = document["proposed_key"]
    by_itself = (
        _("chosen by the program: %s") % titles.get(proposed, proposed) if proposed else _("none was found")
    )
    columns = [(item["key"], titles[item["key"]]) for item in document["proposal"] if item["keep"]]
    return [("", str(by_itself)), *columns, (NO_KEY, str(_("without a key")))]


def standard_titles(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The standard layers that the file fits, the best first."""
    found = []
    for suggested in document.get("standards") or []:
        name = suggested["name"] if isinstance(suggested, Mapping) else suggested[0]
        attributes = standard_attributes(name)
        if attributes is not None:
            found.append((name, localised(attributes["title"]) or name))
    return found


def initial_of(document: Mapping[str, Any], existing: set[str]) -> dict[str, Any]:
    """What was decided, else what the file's name suggests."""
    choices = document["choices"]
    letters = {"fix_lookalikes": bool(choices.get("fix_lookalikes"))}
    title = choices["title"]
    earlier = document.get("earlier") or {}
    if choices["layer"] in existing:
        return {
            "target": EXISTING, "layer": choices["layer"], "mode": choices["mode"] or Mode.UPDATE.value,
            "title_uk": title_of(document), "comment": choices["comment"], **letters,
        }  # fmt: skip
    return {
        "target": NEW,
        "title_uk": title.get("uk") or title_of(document),
        "title_en": title.get("en", ""),
        **{name: choices[name] for name in ("theme", "access_level", "standard", "comment")},
        "key_field": NO_KEY if choices["key_field"] is None else choices["key_field"],
        # Where a file with such columns went, at hand if it goes there again.
        "layer": earlier.get("layer", ""),
        "mode": choices["mode"] or Mode.UPDATE.value,
        **letters,
    }


def schema_of(document: Mapping[str, Any], layers: Mapping[str, Layer]) -> Schema | None:
    """The fields that columns may be matched to: of the existing or the standard layer; None for a free one."""
    choices = document["choices"]
    if choices["layer"] in layers:
        return layers[choices["layer"]].schema
    attributes = standard_attributes(choices["standard"]) if choices["standard"] else None
    return None if attributes is None else Schema.from_json(attributes["fields"])
