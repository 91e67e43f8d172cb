"""Signing in and out, by e-mail."""

from typing import Any

from django.contrib.auth.views import LoginView

from frontend.context import shell
from frontend.forms import SignInForm


class SignIn(LoginView):
    """Redirects only to addresses of this site; the session gets a new key."""

    form_class = SignInForm
    template_name = "frontend/sign_in.html"
    redirect_authenticated_user = False

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return shell(self.request, None, "login") | super().get_context_data(**kwargs)
