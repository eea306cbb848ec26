"""What decides a payment can't be edited: agreements, bank accounts, withdrawals."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("affiliates", "0003_shared_codes_told_of"),
    ]

    operations = [
        pgtrigger.migrations.AddTrigger(
            model_name="agreement",
            trigger=pgtrigger.compiler.Trigger(
                name="agreement_keeps_its_terms",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."affiliate_id" IS DISTINCT FROM (NEW."affiliate_id") OR OLD."promotion_id" IS DISTINCT FROM (NEW."promotion_id") OR OLD."pay_model" IS DISTINCT FROM (NEW."pay_model") OR OLD."rate_bp" IS DISTINCT FROM (NEW."rate_bp") OR OLD."fee_minor" IS DISTINCT FROM (NEW."fee_minor") OR OLD."currency" IS DISTINCT FROM (NEW."currency") OR OLD."agency_id" IS DISTINCT FROM (NEW."agency_id") OR OLD."agency_share_bp" IS DISTINCT FROM (NEW."agency_share_bp") OR OLD."terms_version" IS DISTINCT FROM (NEW."terms_version"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="b94e6ea6516921605e68c5da5e00f5513f83583a",
                    operation="UPDATE",
                    pgid="pgtrigger_agreement_keeps_its_terms_00b1d",
                    table="affiliates_agreement",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="agreement",
            trigger=pgtrigger.compiler.Trigger(
                name="keep_agreement",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="a19cbd43edca59f047160d2b5110137644849733",
                    operation="DELETE",
                    pgid="pgtrigger_keep_agreement_96bbd",
                    table="affiliates_agreement",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="payoutmethod",
            trigger=pgtrigger.compiler.Trigger(
                name="payout_method_stays_what_it_is",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."affiliate_id" IS DISTINCT FROM (NEW."affiliate_id") OR OLD."holder_name" IS DISTINCT FROM (NEW."holder_name") OR OLD."bank_code" IS DISTINCT FROM (NEW."bank_code") OR OLD."account_number" IS DISTINCT FROM (NEW."account_number") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="f33567d9abbf8f1e0981e18cf579ca4cc8799eea",
                    operation="UPDATE",
                    pgid="pgtrigger_payout_method_stays_what_it_is_830cf",
                    table="affiliates_payoutmethod",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="withdrawal",
            trigger=pgtrigger.compiler.Trigger(
                name="withdrawal_pays_what_was_asked",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."affiliate_id" IS DISTINCT FROM (NEW."affiliate_id") OR OLD."currency" IS DISTINCT FROM (NEW."currency") OR OLD."amount_minor" IS DISTINCT FROM (NEW."amount_minor") OR OLD."tax_bp" IS DISTINCT FROM (NEW."tax_bp") OR OLD."tax_minor" IS DISTINCT FROM (NEW."tax_minor") OR OLD."fee_minor" IS DISTINCT FROM (NEW."fee_minor") OR OLD."net_minor" IS DISTINCT FROM (NEW."net_minor") OR OLD."method_id" IS DISTINCT FROM (NEW."method_id") OR OLD."needs_two" IS DISTINCT FROM (NEW."needs_two") OR OLD."requested_by_id" IS DISTINCT FROM (NEW."requested_by_id") OR OLD."requested_at" IS DISTINCT FROM (NEW."requested_at"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="3244032edca86c1e39e05f34a4cd3f95395eab5a",
                    operation="UPDATE",
                    pgid="pgtrigger_withdrawal_pays_what_was_asked_a9d02",
                    table="affiliates_withdrawal",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="withdrawal",
            trigger=pgtrigger.compiler.Trigger(
                name="keep_withdrawal",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="a0a16d4670708581852bff79651b1cf3afa536d7",
                    operation="DELETE",
                    pgid="pgtrigger_keep_withdrawal_6ec7c",
                    table="affiliates_withdrawal",
                    when="BEFORE",
                ),
            ),
        ),
    ]
