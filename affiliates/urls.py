"""Pages of influencers and agencies, below /creators/."""

from django.urls import path

from affiliates.views import account, earnings, payouts, people, shared_codes

app_name = "affiliates"
urlpatterns = [
    path("", account.home, name="home"),
    path("join/", account.join, name="join"),
    path("account/", account.account, name="account"),
    path("account/tax/", account.tax, name="tax"),
    path("account/bank/", account.bank, name="bank"),
    path("account/interests/", account.interests, name="interests"),
    path("letters/<str:token>/", account.letters, name="letters"),
    path("codes/", shared_codes.listing, name="shared_codes"),
    path("codes/<uuid:promotion_id>/", shared_codes.details, name="shared_code"),
    path("codes/<uuid:promotion_id>/take/", shared_codes.take, name="take"),
    path("earnings/", earnings.earnings, name="earnings"),
    path("earnings/<uuid:commission_id>/", earnings.line, name="line"),
    path("statements/", earnings.statement_list, name="statements"),
    path("statements/<str:currency>/<int:year>-<int:month>/", earnings.statement, name="statement"),
    path("withdraw/", payouts.withdraw, name="withdraw"),
    path("withdrawals/", payouts.history, name="withdrawals"),
    path("withdrawals/<uuid:withdrawal_id>/cancel/", payouts.cancel, name="cancel"),
    path("roster/", people.roster, name="roster"),
    path("roster/<int:member_id>/end/", people.end, name="roster-end"),
    path("invitations/", people.invitations, name="invitations"),
    path("invitations/<int:member_id>/", people.answer, name="invitation"),
]
