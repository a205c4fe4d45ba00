"""loyalty_api: a self-hosted loyalty points engine.

Four doors (``rest``, ``cli`` and, later, GraphQL and the console) stand around one ``domain``, which stands
on one ``kernel``. Doors know the domain; the domain knows no door; the kernel knows no loyalty.
"""

import zoneinfo

# Every process comes by here before it knows a zone: all of them tell days by the zone data that is locked with the
# product, and never by their machine's, which may be of another year.
zoneinfo.reset_tzpath(())
