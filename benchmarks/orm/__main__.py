"""``python -m benchmarks.orm HOST PROCESSES PORT``: served as the product is."""

import sys

from loyalty_api.cli.processes import serve

if __name__ == "__main__":
    serve("benchmarks.orm.app:create", host=sys.argv[1], processes=int(sys.argv[2]), port=int(sys.argv[3]))
