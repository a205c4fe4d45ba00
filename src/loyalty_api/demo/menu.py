"""What the demo's coffee bars sell, and where: for its sample purchases and its till."""

from __future__ import annotations

from typing import NamedTuple

STORES = ("mitte", "kreuzberg", "altona", "schwabing", "ehrenfeld")


class Item(NamedTuple):
    """One thing on the menu: price in cents, how often it is taken, and which labels it bears."""

    sku: str
    name: str
    category: str
    amount_minor: int
    weight: int
    labels: tuple[str, ...] = ()


MENU = (
    Item("ESPRESSO", "Espresso", "coffee", 240, 18),
    Item("CAPPUCCINO", "Cappuccino", "coffee", 360, 30),
    Item("FLAT-WHITE", "Flat white", "coffee", 390, 22, ("fairtrade",)),
    Item("FILTER", "Filter coffee", "coffee", 310, 12, ("fairtrade",)),
    Item("TEA", "Green tea", "tea", 290, 8, ("organic",)),
    Item("CROISSANT", "Croissant", "bakery", 220, 20),
    Item("CARROT-CAKE", "Carrot cake", "bakery", 380, 7),
    Item("SANDWICH", "Sandwich", "kitchen", 590, 9),
    Item("BEANS-250", "Beans, 250 g", "beans", 890, 4, ("fairtrade",)),
    Item("BEANS-250-OLD", "Last week’s beans", "beans", 590, 1, ("outlet",)),
    Item("GIFT-20", "Gift card", "gift", 2000, 1),
)
