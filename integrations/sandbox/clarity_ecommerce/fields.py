"""The contract's fields as one table: GET /schema is made from it, and every body is held against it.

A line is ``name type [length or entity] [words]``. Words: ``read`` (never written), ``must`` (on create),
``null`` (may be null), ``positive`` (above 0), ``unsigned`` (0 or more), ``lower``.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

_TABLE = """
order
  orderId int64 read
  orderNumber text 30 read
  customerId int64 read null
  customerKey text 50 read null
  orderDate datetime read
  modifiedDate datetime read
  status text 50 read
  currency text 3 read
  purchaseOrderNumber text 50 read null
  totals object totals read
  totalAmount decimal read
  shippingMethod text 100 read null
  shippingAddress object address read null
  billingAddress object address read null
  lineItems array line read
  paymentInfo object payment_info read null
  coupons array order_coupon read
  shipments array shipment read
  attributes map
  notes text 2000 read null
totals
  subTotal decimal read
  shipping decimal read
  handling decimal read
  fees decimal read
  discounts decimal read unsigned
  tax decimal read
  total decimal read
line
  lineId int64 read
  sku text 64 read
  name text 255 read
  quantity decimal read positive
  unitPrice decimal read
  discount decimal read unsigned
  tax decimal read
  uom text 10 read
payment_info
  method text 50 read
  status text 50 read
  transactionId text 64 read null
  amount decimal read
  last4 text 4 read null
order_coupon
  code text 40 read
  amount decimal read
status
  status text 50 must
  note text 2000 null
product
  productId int64 read
  modifiedDate datetime read
  sku text 64 must
  name text 255 must
  description text 65536 null
  shortDescription text 1000 null
  price decimal must unsigned
  currency text 3
  uom text 10
  weight decimal unsigned null
  weightUom text 5 null
  isVisible bool
  isTaxable bool
  isDiscontinued bool
  allowBackOrder bool
  taxCode text 20 null
  manufacturerPartNumber text 64 null
  categoryIds ids
  attributes map
  quantity decimal read
inventory
  sku text 64 read
  locationKey text 32
  quantity decimal must unsigned
  quantityAllocated decimal read
  quantityAvailable decimal read
  modifiedDate datetime read
customer
  customerId int64 read
  modifiedDate datetime read
  customerKey text 50 null
  name text 128 must
  email text 254 must
  phone text 40 null
  isTaxable bool
  taxExemptionNo text 40 null
  isOnHold bool
  creditLimit decimal null
  currency text 3
  termsCode text 20 null
  addresses array customer_address
address
  firstName text 50 null
  lastName text 50 null
  company text 100 null
  street1 text 100 must
  street2 text 100 null
  street3 text 100 null
  city text 60 must
  region text 10 null
  postalCode text 20 null
  country text 2 must
  phone text 40 null
  email text 254 null
customer_address
  firstName text 50 null
  lastName text 50 null
  company text 100 null
  street1 text 100 must
  street2 text 100 null
  street3 text 100 null
  city text 60 must
  region text 10 null
  postalCode text 20 null
  country text 2 must
  phone text 40 null
  email text 254 null
  isBilling bool
  isShipping bool
  addressKey text 32 null
payment
  paymentId int64 read
  orderId int64 read
  amount decimal read
  currency text 3 read
  method text 50 read
  type enum sale|authorization|capture|refund|void read
  status enum pending|captured|partially_refunded|refunded|failed|void read
  transactionId text 64 read null
  authCode text 20 read null
  last4 text 4 read null
  receivedDate datetime read
  modifiedDate datetime read
shipment
  shipmentId int64 read
  orderId int64 read
  trackingNumber text 64 null
  carrier text 50 must
  method text 100 null
  shipDate datetime must
  estimatedDeliveryDate datetime null
  externalRef text 64 null
  lines array shipment_line must
  modifiedDate datetime read
shipment_line
  lineId int64 must
  quantity decimal must positive
return
  returnId int64 read
  returnNumber text 30 read
  orderId int64 read
  customerId int64 read null
  status enum requested|approved|received|refunded|closed|rejected must
  note text 2000 null
  reason text 100 read null
  refundAmount decimal read unsigned
  lines array return_line read
  createdDate datetime read
  modifiedDate datetime read
  attributes map read
return_line
  lineId int64 read
  sku text 64 read
  quantity decimal read
  reason text 100 read null
  condition text 50 read null
coupon
  couponId int64 read
  code text 40 read
  name text 128 read
  type enum percent|amount|free_shipping read
  value decimal read
  startDate datetime read null
  endDate datetime read null
  isActive bool read
  usageLimit int read null
  usageLimitPerCustomer int read null
  combinable bool read
category
  categoryId int64 read
  parentId int64 read null
  name text 128 read
  seoUrl text 255 read
  isVisible bool read
  sort int read
  modifiedDate datetime read
webhook
  url text 500 must
  events words must
  secret text 200 must
"""

PUBLIC = ("order", "product", "inventory", "customer", "payment", "shipment", "return", "coupon", "category")
MOST_ATTRIBUTES, LONGEST_KEY, LONGEST_VALUE = 64, 50, 255
MOST_ROWS = 500


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an entity; ``detail`` is a length, an entity or the words of an enum."""

    name: str
    type: str
    detail: str
    words: frozenset[str]

    @property
    def is_written(self) -> bool:
        return "read" not in self.words


def _entities() -> dict[str, dict[str, Field]]:
    found: dict[str, dict[str, Field]] = {}
    entity = ""
    for line in _TABLE.strip().splitlines():
        parts = line.split()
        if not line.startswith(" "):
            entity = parts[0]
            found[entity] = {}
            continue
        has_detail = parts[1] in ("text", "object", "array", "enum")
        detail, words = (parts[2], parts[3:]) if has_detail else ("", parts[2:])
        found[entity][parts[0]] = Field(parts[0], parts[1], detail, frozenset(words))
    return found


ENTITIES = _entities()


def errors_of(entity: str, body: Any, *, creating: bool) -> dict[str, list[str]]:
    """Return what is wrong with a body by field; {} = nothing. Unknown and read-only members are wrong."""
    errors: dict[str, list[str]] = {}
    _check(entity, body, "", errors, creating)
    return errors


def _check(entity: str, body: Any, prefix: str, errors: dict[str, list[str]], creating: bool) -> None:
    if not isinstance(body, dict):
        errors[prefix.rstrip(".") or "body"] = ["must be an object"]
        return
    known = ENTITIES[entity]
    for name, value in body.items():
        field = known.get(name)
        if field is None or not field.is_written:
            errors[prefix + name] = ["is not a known member." if field is None else "is read only."]
            continue
        problem = _problem(field, value, f"{prefix}{name}", errors, creating)
        if problem:
            errors[prefix + name] = [problem]
    for field in known.values():
        if creating and "must" in field.words and field.is_written and body.get(field.name) in (None, "", []):
            errors.setdefault(prefix + field.name, ["is required."])


def _problem(field: Field, value: Any, path: str, errors: dict[str, list[str]], creating: bool) -> str:
    if value is None:
        return "" if "null" in field.words else "must not be null."
    match field.type:
        case "text":
            if not isinstance(value, str):
                return "must be a string."
            return f"must be at most {field.detail} characters." if len(value) > int(field.detail) else ""
        case "enum":
            words = field.detail.split("|")
            return "" if value in words else f"{value!r} is not one of {', '.join(words)}."
        case "decimal":
            return _number_problem(field, value)
        case "bool":
            return "" if isinstance(value, bool) else "must be true or false."
        case "int" | "int64":
            return "" if isinstance(value, int) and not isinstance(value, bool) else "must be a whole number."
        case "datetime":
            return _moment_problem(value)
        case "object":
            _check(field.detail, value, f"{path}.", errors, creating=True)
            return ""
        case "array":
            return _array_problem(field, value, path, errors)
        case "map":
            return _map_problem(value)
        case "ids" | "words":
            kind = int if field.type == "ids" else str
            fits = isinstance(value, list) and all(isinstance(each, kind) for each in value)
            return "" if fits else "must be a list."
    return ""


def _number_problem(field: Field, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "must be a number."
    if round(value, 4) != value:
        return "must have at most 4 decimals."
    if "positive" in field.words and value <= 0:
        return "must be above zero."
    return "must not be below zero." if "unsigned" in field.words and value < 0 else ""


def _moment_problem(value: Any) -> str:
    try:
        datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return "must be a date and time."
    return ""


def _array_problem(field: Field, value: Any, path: str, errors: dict[str, list[str]]) -> str:
    if not isinstance(value, list) or len(value) > MOST_ROWS:
        return f"must be a list of at most {MOST_ROWS}."
    for position, each in enumerate(value):
        _check(field.detail, each, f"{path}[{position}].", errors, creating=True)
    return ""


def _map_problem(value: Any) -> str:
    if not isinstance(value, dict) or len(value) > MOST_ATTRIBUTES:
        return f"must be an object of at most {MOST_ATTRIBUTES} keys."
    for key, each in value.items():
        if len(key) > LONGEST_KEY or not (
            each is None or (isinstance(each, str) and len(each) <= LONGEST_VALUE)
        ):
            return f"keys have at most {LONGEST_KEY} and values {LONGEST_VALUE} characters."
    return ""


_JSON_TYPES = {
    "text": "string", "enum": "string", "datetime": "string", "decimal": "number", "int": "integer",
    "int64": "integer", "bool": "boolean", "object": "object", "map": "object", "array": "array",
    "ids": "array", "words": "array",
}  # fmt: skip


def json_schema(entity: str, attribute_keys: list[str]) -> dict[str, Any]:
    """Return the JSON Schema of an entity; ``attribute_keys`` are the custom attributes in use."""
    properties = {name: _property(field, attribute_keys) for name, field in ENTITIES[entity].items()}
    required = [field.name for field in ENTITIES[entity].values() if "must" in field.words]
    return {"type": "object", "properties": properties, "required": required}


def _property(field: Field, attribute_keys: list[str]) -> dict[str, Any]:
    kind: Any = _JSON_TYPES[field.type]
    shown: dict[str, Any] = {"type": [kind, "null"] if "null" in field.words else kind}
    if field.type == "text":
        shown["maxLength"] = int(field.detail)
    elif field.type == "enum":
        shown["enum"] = field.detail.split("|")
    elif field.type == "datetime":
        shown["format"] = "date-time"
    elif field.type == "decimal":
        shown["multipleOf"] = 0.0001
        if field.words & {"unsigned", "positive"}:
            shown["minimum"] = 0
    elif field.type == "object":
        shown |= json_schema(field.detail, attribute_keys) | {"type": shown["type"]}
    elif field.type == "array":
        shown["items"] = json_schema(field.detail, attribute_keys)
    elif field.type == "map":
        value = {"type": ["string", "null"], "maxLength": LONGEST_VALUE}
        shown["properties"] = dict.fromkeys(attribute_keys, value)
        shown["additionalProperties"] = value
    if not field.is_written:
        shown["readOnly"] = True
    return shown
