"""Facts as the shop reports them: users, stores, products, orders; and who may report them."""

from marketplace.models.audit import AuditEntry
from marketplace.models.client import ApiClient, ApiKey, IdempotencyRecord, SignInToken
from marketplace.models.order import JournalCursor, Order, OrderEvent, OrderLine
from marketplace.models.product import Category, Product
from marketplace.models.store import Store, StoreMember
from marketplace.models.user import Profile, User

__all__ = [
    "ApiClient",
    "ApiKey",
    "AuditEntry",
    "Category",
    "IdempotencyRecord",
    "JournalCursor",
    "Order",
    "OrderEvent",
    "OrderLine",
    "Product",
    "Profile",
    "SignInToken",
    "Store",
    "StoreMember",
    "User",
]
