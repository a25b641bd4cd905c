import contextlib
import shutil
import tempfile
from pathlib import Path


@contextlib.contextmanager
def data_root():
    """A data root with a short path that the services' own account may enter; pytest's own folders are neither."""
    folder = Path(tempfile.mkdtemp(prefix="mp-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
