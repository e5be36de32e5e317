"""Run the command line: ``python -m ravine.cli``."""

import sys

from ravine.cli.app import main

sys.exit(main())
