"""loyalty_api: a self-hosted loyalty points engine.

Four doors (``rest``, ``cli`` and, later, GraphQL and the console) stand around one ``domain``, which stands
on one ``kernel``. Doors know the domain; the domain knows no door; the kernel knows no loyalty.
"""
