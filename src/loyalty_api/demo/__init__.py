"""DOOR of the demo: pages for a browser that use the public interfaces alone. Not served outside of ``loyalty demo``.

May import the kernel; owns no table and publishes no event.
"""
