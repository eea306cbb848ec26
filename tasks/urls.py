"""Pages of this floor, mounted at /creators/tasks/."""

from django.urls import path

from tasks import views

app_name = "tasks"

urlpatterns = [
    path("", views.all_tasks, name="list"),
    path("mine/", views.mine, name="mine"),
    path("<uuid:task_id>/", views.details, name="details"),
    path("<uuid:task_id>/apply/", views.apply, name="apply"),
    path("<uuid:task_id>/codes/", views.codes, name="codes"),
    path("<uuid:task_id>/content/", views.submit, name="submit"),
]
