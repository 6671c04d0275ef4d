"""The Tabler icons this portal draws: the sprite is cut from this list, and the icon tag refuses other names.

Read by ``portal.web.vendoring`` (which builds the sprite) and by the ``icon`` tag.
"""

from integrations.kinds import Kind

_NAMES = """
    adjustments alert-circle alert-square-rounded alert-triangle arrow-back-up arrow-left arrow-right
    arrows-left-right ban bell bolt book bookmark building building-store bulb category check chevron-down
    chevron-left chevron-right circle-check circle-dashed circle-half-2 circle-x clock clock-exclamation
    copy credit-card database discount download edit equal equal-not external-link eye eye-off
    eye-question file-invoice file-text filter flask help-circle history home hourglass info-circle key
    keyboard lamp lamp-2 link list-check list-search loader-2 lock logout mail menu-2 minus moon packages
    player-pause player-play player-skip-forward plug plug-connected plug-connected-x plus receipt refresh
    rotate-clockwise route search selector send settings shield shopping-cart sparkles sun sun-moon table
    tag trash truck-delivery unlink user user-plus users versions webhook world x
"""
ICONS = frozenset(_NAMES.split())

KIND_ICONS: dict[Kind, str] = {
    Kind.ORDER: "receipt",
    Kind.PRODUCT: "tag",
    Kind.INVENTORY: "packages",
    Kind.CUSTOMER: "user",
    Kind.PAYMENT: "credit-card",
    Kind.SHIPMENT: "truck-delivery",
    Kind.RETURN: "arrow-back-up",
    Kind.COUPON: "discount",
    Kind.CATEGORY: "category",
    Kind.INVOICE: "file-invoice",
    Kind.PURCHASE_ORDER: "file-text",
    Kind.JOURNAL: "book",
}


class UnknownIcon(LookupError):
    """The sprite has no such icon; add the name to ICONS and run the vendoring again."""
