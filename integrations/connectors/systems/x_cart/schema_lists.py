"""What writes of coupons, categories and returns take, for the mapping designer and its checks; used by ``schema``."""

from integrations.connectors.systems.x_cart.list_writes import COUPON_TYPES, RETURN_STATUSES
from integrations.kinds import FieldInfo, FieldType

TEXT, BOOLEAN, MOMENT = FieldType.TEXT, FieldType.BOOLEAN, FieldType.DATETIME


def _measure(name: str, help: str = "") -> FieldInfo:
    return FieldInfo(name, FieldType.DECIMAL, help=help, places=4, minimum=0)


def _whole(name: str, help: str = "") -> FieldInfo:
    return FieldInfo(name, FieldType.INTEGER, help=help, minimum=0)


COUPON_WRITES = (
    FieldInfo(
        "code",
        TEXT,
        help="4 to 16 characters; by it a coupon is found.",
        required=True,
        nullable=False,
        max_length=16,
        sample="SPRING10",
    ),
    FieldInfo("type", TEXT, help="% of the order, $ off, S free shipping.", max_length=1, enum=COUPON_TYPES),
    _measure("value", "Percent or money, see type."),
    FieldInfo("enabled", BOOLEAN),
    FieldInfo("comment", TEXT),
    FieldInfo("date_range_begin", MOMENT),
    FieldInfo("date_range_end", MOMENT),
    _measure("total_range_begin", "Smallest order total."),
    _measure("total_range_end", "Largest order total; 0 = none."),
    _whole("uses_limit", "0 = no limit."),
    _whole("uses_limit_per_user"),
    FieldInfo("single_use", BOOLEAN, help="Not together with other coupons."),
    FieldInfo("specific_products", BOOLEAN),
)

CATEGORY_WRITES = (
    FieldInfo(
        "name",
        TEXT,
        help="By it, below its parent, a category is found.",
        required=True,
        nullable=False,
        max_length=255,
        sample="Lamps",
    ),
    FieldInfo("parent_id", TEXT, help="The number of the category above; empty = at the top.", max_length=20),
    FieldInfo("description", TEXT),
    FieldInfo("enabled", BOOLEAN),
    _whole("position"),
    FieldInfo("clean_url", TEXT, max_length=255),
)

RETURN_WRITES = (
    FieldInfo("status", TEXT, help="I issued, C completed, D declined.", max_length=1, enum=RETURN_STATUSES),
    FieldInfo("comment", TEXT),
)
