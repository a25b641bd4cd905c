"""`python -m marketplace.launcher.tether PARENT COMMAND…`: become COMMAND, and be told to stop when PARENT dies.

Even of kill -9, which leaves a parent no time to stop its children. Linux only; elsewhere just COMMAND.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1

if __name__ == "__main__":
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before we asked
            sys.exit(1)
    os.execvp(command[0], command)
