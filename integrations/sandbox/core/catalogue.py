"""The demo merchant's catalogue, shared by all simulators so that a SKU means the same lamp on both sides."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Article:
    """One sellable article; USD; ``cost`` is what the merchant pays, ``stock`` the amount at the start."""

    sku: str
    name: str
    price: Decimal
    cost: Decimal
    stock: int
    weight: Decimal


def _article(sku: str, name: str, price: str, cost: str, stock: int, weight: str) -> Article:
    return Article(sku, name, Decimal(price), Decimal(cost), stock, Decimal(weight))


CATALOGUE: tuple[Article, ...] = (
    _article("A50-HALO", "Halo pendant, 50 cm, opal", "59.99", "24.10", 37, "2.4"),
    _article("LMP-ARC-BRS", "Arc floor lamp, brushed brass", "189.00", "82.50", 12, "9.8"),
    _article("LMP-DSK-BLK", "Desk lamp Orla, matt black", "74.50", "31.20", 44, "1.9"),
    _article("LMP-TBL-OAK", "Table lamp Nook, oak", "64.95", "27.75", 28, "1.4"),
    _article("SCN-WALL-2L", "Wall sconce, two lights", "98.00", "41.00", 19, "1.7"),
    _article("BLB-E27-4W", "LED bulb E27, 4 W, warm white", "6.49", "1.85", 820, "0.06"),
    _article("BLB-E14-3W", "LED bulb E14, 3 W, warm white", "5.49", "1.60", 640, "0.05"),
    _article("BLB-GU10-5W", "LED spot GU10, 5 W, dimmable", "7.25", "2.20", 510, "0.05"),
    _article("CBL-TXT-3M", "Textile cable, 3 m, rust", "14.90", "5.15", 150, "0.3"),
    _article("SHD-LIN-40", "Linen shade, 40 cm", "42.00", "15.60", 33, "0.8"),
    _article("DIM-ROT-LED", "Rotary dimmer for LED", "27.80", "11.40", 76, "0.2"),
    _article("STR-OUT-10M", "Outdoor string lights, 10 m", "49.00", "19.30", 58, "1.1"),
)
"""Every article exists in X-Cart; an ERP simulator may be told to leave some out."""
