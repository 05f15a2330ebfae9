"""The pages: live, login, and the sign of life.

Views are thin: reading is in `trading.selectors`, what the live page shows comes over its socket.
"""

from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_safe

from trading.lockout import LoginForm
from trading.login import redeem

BACKEND = "django.contrib.auth.backends.ModelBackend"
SPENT = "This link was used before or is too old. Log in, or start tradebot again for a new one."


@require_safe
@never_cache
@login_required(login_url="login")
def live(request: HttpRequest) -> HttpResponse:
    return render(request, "trading/live.html")


class Login(LoginView):
    template_name = "trading/login.html"
    form_class = LoginForm
    redirect_authenticated_user = True

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        answer = super().form_invalid(form)
        if isinstance(form, LoginForm) and form.locked_out():
            answer.status_code = 429
        return answer


class Logout(LogoutView):
    next_page = "login"


@require_GET  # a link preview asks with HEAD and must not use the link up
@never_cache
def login_once(request: HttpRequest, token: str) -> HttpResponse:
    """Logs in whoever holds a link that was not used before, and says so if it was."""
    user = redeem(token)
    if user is None:
        notice = (
            "This link was used before or is too old. Log in, or start tradebot again for another."
        )
        context = {"form": AuthenticationForm(request), "notice": notice}
        return render(request, "trading/login.html", context, status=403)
    login(request, user, backend=BACKEND)
    return redirect("live")


@require_safe
@never_cache
def health(request: HttpRequest) -> HttpResponse:
    """For load balancers and watchdogs. Says nothing that an outsider should not know."""
    return HttpResponse("ok", content_type="text/plain")
