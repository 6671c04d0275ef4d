"""What is synchronised, which way, and how urgently."""

from enum import StrEnum


class Kind(StrEnum):
    """One sort of business object, the same word in every system."""

    ORDER = "order"
    PRODUCT = "product"
    INVENTORY = "inventory"
    CUSTOMER = "customer"
    PAYMENT = "payment"
    SHIPMENT = "shipment"
    RETURN = "return"
    COUPON = "coupon"
    CATEGORY = "category"
    INVOICE = "invoice"
    PURCHASE_ORDER = "purchase_order"
    JOURNAL = "journal"

    @property
    def is_state(self) -> bool:
        """True when only the newest version matters, so that older unfinished runs are superseded."""
        return self in _STATES

    @property
    def label(self) -> str:
        """The kind in a sentence: ``purchase order``."""
        return self.value.replace("_", " ")


_STATES = frozenset({Kind.ORDER, Kind.PRODUCT, Kind.CUSTOMER, Kind.INVENTORY})


class Side(StrEnum):
    """The two ends of a pair."""

    STOREFRONT = "storefront"
    ERP = "erp"

    @property
    def other(self) -> "Side":
        return Side.ERP if self is Side.STOREFRONT else Side.STOREFRONT


class Direction(StrEnum):
    """Which end a flow reads from."""

    TO_ERP = "to_erp"
    TO_STOREFRONT = "to_storefront"

    @property
    def source(self) -> Side:
        return Side.STOREFRONT if self is Direction.TO_ERP else Side.ERP

    @property
    def target(self) -> Side:
        return self.source.other


class Lane(StrEnum):
    """Queue of a run; a claim serves lanes by weight so that bulk work never delays an order."""

    REALTIME = "realtime"
    STOCK = "stock"
    BULK = "bulk"

    @classmethod
    def of(cls, kind: Kind) -> "Lane":
        return cls.STOCK if kind is Kind.INVENTORY else cls.REALTIME
