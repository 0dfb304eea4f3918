"""Makes Trino's start-up cache while everything else is being installed.

python -m local.engines.athena.prepare JAVA TRINO_FOLDER
"""

import sys
from pathlib import Path

from local.engines.athena.trino_server import prepare

if __name__ == "__main__":
    print(prepare(Path(sys.argv[1]), Path(sys.argv[2])))
