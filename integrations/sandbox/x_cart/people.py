"""Invented shoppers and places of the demo shop: names, towns, states with X-Cart's own integer ids."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Town:
    """A place orders go to. ``state_id`` is the shop's own number and means nothing outside."""

    country: str
    state_id: int | None
    state_name: str
    state_code: str
    city: str
    zipcode: str
    street: str
    tax_basis_points: int


TOWNS: tuple[Town, ...] = (
    Town("US", 143, "Texas", "TX", "Austin", "78701", "1 Main St", 825),
    Town("US", 105, "California", "CA", "Oakland", "94607", "2200 Adeline St", 1025),
    Town("US", 132, "New York", "NY", "Albany", "12207", "48 State St, Suite 9", 800),
    Town("US", 114, "Illinois", "IL", "Evanston", "60201", "910 Davis St", 1000),
    Town("US", 110, "Georgia", "GA", "Savannah", "31401", "12 Bull St", 700),
    Town("US", 137, "Oregon", "OR", "Portland", "97205", "730 SW 10th Ave", 0),
    Town("CA", 210, "Ontario", "ON", "Toronto", "M5V 2T6", "301 Front St W", 1300),
    Town("DE", 306, "Bayern", "BY", "München", "80331", "Sendlinger Straße 7", 1900),
    Town("BR", 402, "Amazonas", "AM", "Manaus", "69005-050", "Rua José Clemente 500", 1200),
    Town("PE", 455, "Amazonas", "AMA", "Chachapoyas", "01001", "Jr. Ortiz Arrieta 588", 1800),
)
"""Amazonas is in two countries: a state name alone does not give a code."""

NAMES: tuple[tuple[str, str], ...] = (
    ("Pat", "Lee"),
    ("Ana", "Souza"),
    ("Chris", "Okafor"),
    ("Jürgen", "Müller"),
    ("Zoë", "Brontë"),
    ("Mei", "Chen"),
    ("Sam", "O'Neill"),
    ("Łukasz", "Żak"),
    ("Noor", "Haddad"),
    ("Emma", "Lindqvist"),
    ("Diego", "Núñez"),
    ("Ruth", "Cohen"),
)

SHIPPING_METHODS = {"Courier": 90, "Local pickup": 91, "Express air": 92}
SHIPPING_CENTS = {"Courier": 500, "Local pickup": 0, "Express air": 1850}
PAYMENT_METHODS = {"Credit card": 5, "PayPal": 7, "Phone ordering": 2, "Purchase order": 3}
COUPONS = (("SPRING10", "%", 10.0), ("WELCOME5", "$", 5.0))


def find_town(country: str, state: str) -> Town:
    """Return the town of a country and state (name or code; empty = any). Raises ValueError."""
    for town in TOWNS:
        if town.country == (country or town.country) and state in ("", town.state_name, town.state_code):
            return town
    raise ValueError(f"no town in {country} {state}")
