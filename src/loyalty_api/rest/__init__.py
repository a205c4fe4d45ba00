"""The REST door, for tills and back ends: thin handlers over the domain, one file per noun.

``route.py`` says what a route is, ``serve.py`` how one request passes through it, ``router.py`` collects them.
"""
