"""What writes of products and customers take, for the mapping designer and its checks; used by ``schema``."""

from integrations.kinds import FieldInfo, FieldType

TEXT, DECIMAL, BOOLEAN = FieldType.TEXT, FieldType.DECIMAL, FieldType.BOOLEAN


def _text(name: str, length: int | None = None, help: str = "", sample: str = "") -> FieldInfo:
    return FieldInfo(name, TEXT, help=help, max_length=length, sample=sample)


def _measure(name: str, help: str = "", sample: str = "") -> FieldInfo:
    return FieldInfo(name, DECIMAL, help=help, places=4, minimum=0, sample=sample)


def _flag(name: str, help: str = "") -> FieldInfo:
    return FieldInfo(name, BOOLEAN, help=help)


def _amount(help: str) -> FieldInfo:
    return FieldInfo("amount", FieldType.INTEGER, help=help, minimum=0, sample="37")


PRODUCT_WRITES = (
    FieldInfo(
        "sku",
        TEXT,
        help="By it a product or variant is found.",
        required=True,
        nullable=False,
        max_length=32,
        sample="A50-HALO",
    ),
    _text("name", 255, "Needed for a new product; a variant has none of its own.", "Halo pendant"),
    _text("description"),
    _text("brief_description"),
    _measure("price", "A variant gets a price of its own.", "59.99"),
    _measure("weight"),
    _measure("width"),
    _measure("length"),
    _measure("height"),
    _amount("Stock on hand; a new product without it starts with 0. Flows of stock write it as inventory."),
    _flag("enabled"),
    _flag("taxable"),
    _flag("free_shipping"),
    _flag("separate_box"),
    _flag("inventory_traceable"),
    _text("clean_url", 255),
    _text("meta_title", 255),
    _text("meta_description"),
    FieldInfo(
        "variants",
        FieldType.ARRAY,
        help="Made or changed by SKU; the product's other variants stay.",
        fields=(
            FieldInfo("sku", TEXT, required=True, nullable=False, max_length=32, sample="TRK-RAIL-2M"),
            _measure("price"),
            _measure("weight"),
            _amount("Empty: the product's amount."),
        ),
    ),
    FieldInfo(
        "categories", FieldType.ARRAY, help="Names or numbers of categories; the product's other ones stay."
    ),
    FieldInfo(
        "images",
        FieldType.ARRAY,
        help="Given to a product that has none; the shop fetches them from their address.",
        fields=(
            FieldInfo("url", TEXT, required=True, nullable=False, max_length=2000),
            _text("alt", 255),
        ),
    ),
)

_ADDRESS = (
    _text(
        "id", 20, "The shop's number of an address to change; else it is found by street, zip code, country."
    ),
    _text("title", 32),
    _text("firstname", 128, sample="Pat"),
    _text("lastname", 128, sample="Lee"),
    _text("phone", 32, sample="+15125550100"),
    _text("street", 255, "One line; or street1 and street2, which are joined.", "1 Main St, Suite 9"),
    _text("street1", 200),
    _text("street2", 50),
    _text("zipcode", 32, sample="78701"),
    _text("city", 255, sample="Austin"),
    _text("country_code", 2, "Two letters, ISO 3166.", "US"),
    _text("state_code", 3, "Sent as the state's name.", "TX"),
    _text("state_name", 64, sample="Texas"),
    _text("state", 20, "The shop's own number, where it is known."),
    _text("company", 255, sample="Lee Ltd"),
    _text("type", 1, "R residential, C commercial."),
    _flag("is_billing"),
    _flag("is_shipping"),
)

CUSTOMER_WRITES = (
    FieldInfo(
        "login",
        TEXT,
        help="The e-mail address, by which a customer is found.",
        required=True,
        nullable=False,
        max_length=128,
        sample="pat@example.com",
    ),
    _text("status", 1, "E enabled, D disabled."),
    _text("status_comment"),
    _text("language", 8),
    _text("membership_id", 20),
    _text("firstname", 128, "For addresses that name nobody; without an address there is no place for it."),
    _text("lastname", 128),
    _text("phone", 32),
    _text("company", 255),
    FieldInfo("addresses", FieldType.ARRAY, help="Added or changed; none is removed.", fields=_ADDRESS),
    FieldInfo(
        "billing_address",
        FieldType.OBJECT,
        help="Changed, or added and taken for billing from now on; the one before stays in the book.",
        fields=_ADDRESS,
    ),
)
