"""The ground floor on the operations site: facts to look at, keys to give and take."""

from marketplace.admin.audit import AuditEntryAdmin
from marketplace.admin.catalogue import CategoryAdmin, ProductAdmin, StoreAdmin
from marketplace.admin.clients import ApiClientAdmin
from marketplace.admin.keys import ApiKeyAdmin
from marketplace.admin.orders import OrderAdmin, OrderEventAdmin
from marketplace.admin.people import UserAdmin

__all__ = [
    "ApiClientAdmin",
    "ApiKeyAdmin",
    "AuditEntryAdmin",
    "CategoryAdmin",
    "OrderAdmin",
    "OrderEventAdmin",
    "ProductAdmin",
    "StoreAdmin",
    "UserAdmin",
]
