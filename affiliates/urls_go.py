"""Short links, below /go/."""

from django.urls import re_path

from affiliates.views import links

app_name = "go"
urlpatterns = [re_path(r"^(?P<link_id>[A-Za-z0-9_-]{1,16})$", links.go, name="link")]
