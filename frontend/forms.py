"""Forms of the pages. They check what was typed; rules about layers and files live in their packages."""

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.utils.translation import gettext_lazy as _


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


class ManyFilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class ManyFilesField(forms.FileField):
    """One file or several; `cleaned_data` holds a list."""

    widget = ManyFilesInput

    def clean(self, data: Any, initial: Any = None) -> Any:
        given = data if isinstance(data, list | tuple) else [data]
        return [super(ManyFilesField, self).clean(item, initial) for item in given or [None]]


NOT_OFFERED = {"invalid_choice": _("Choose one of the answers that are offered.")}
"""For fields with choices, in our own words."""


class FilesForm(forms.Form):
    """The parts of one file. What is in them is not looked at here: a job does that."""

    file = ManyFilesField(
        label=_("Files"), max_length=200,
        error_messages={
            "required": _("Choose the file that is to be imported."),
            "missing": _("Choose the file that is to be imported."),
            "invalid": _("The file did not arrive. Choose it and send it again."),
            "empty": _("The file is empty. Copy or export it again."),
            "max_length": _("The file's name is too long: shorten it to %(max)d characters and send the file again."),
        },
    )  # fmt: skip
    layer = forms.RegexField(r"^[a-z][a-z0-9_]{0,39}$", required=False, widget=forms.HiddenInput)
