"""Look at fits in a local web page: choose outcome, factor, measure and studies, and copy the command line.

The page is served on this machine's loopback address only and fetches nothing. Needs the extra 'explore'.
"""

from __future__ import annotations

import argparse

from ..present.terminal import console
from .validate import add_map, parse_map

SUMMARY = "a local web page for the same fits"
EXAMPLES = """examples:
  analyze explore
  analyze explore --data scores.csv --port 8123
  analyze explore --data scores.csv --map lang=language"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``analyze explore``."""
    parser.add_argument("--data", nargs="+", action="extend", default=[], metavar="NAME|FILE",
                        help="your own results instead of the bundled ones: sets, files or stores")  # fmt: skip
    add_map(parser)
    parser.add_argument(
        "--port", type=int, default=8765, metavar="PORT", help="port of the loopback address (default: 8765)"
    )


def run(options: argparse.Namespace) -> int:
    """Serve until interrupted."""
    from ..core.errors import CrossliftError
    from ..explore.app import create_app, serve

    if not 0 <= options.port <= 65535:
        raise CrossliftError(f"--port {options.port} is not a valid port.", "Give 1 to 65535, or 0 for a free one.")
    server = serve(create_app(options.data, parse_map(options.map)), options.port)
    out = console()
    out.print(f"http://127.0.0.1:{server.server_port}/  (Ctrl-C stops it)")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        out.print("stopped")
    finally:
        server.server_close()
    return 0
