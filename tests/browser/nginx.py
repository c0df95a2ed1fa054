"""nginx as the README configures it, in front of a server of the lab."""

import re
import shutil
import socket
import subprocess
from pathlib import Path

from tests.browser.chromium import IS_ROOT, run
from tests.browser.server import ROOT, wait_for

MISSING = "nginx is not there and could not be fetched. On Debian: apt-get install nginx-light"
# What a distribution sets around the README's lines; `user` is for a nginx that root starts.
AROUND = """
{user}daemon off; pid {folder}/pid; error_log {folder}/error.log; events {{}}
http {{
access_log off;
client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
{lines}
}}
"""


class NoNginx(RuntimeError):
    """There is no nginx to test with; the message says what to install."""


def find() -> str:
    """The path of nginx, which is fetched where it can be; raises NoNginx."""

    def there() -> str | None:
        return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")

    if not there() and IS_ROOT and Path("/etc/debian_version").exists():
        run("apt-get", "update") and run("apt-get", "install", "-y", "--no-install-recommends", "nginx-light")
    if not there():
        raise NoNginx(MISSING)
    return there()


class Nginx:
    """Serves what a server on a port of this machine does, below the folder that the README names."""

    def __init__(self, port: int, folder: Path):
        [lines] = re.findall(r"```nginx\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        for said, meant in (("listen 80;", f"listen 127.0.0.1:{self.port};"), ("127.0.0.1:8501", f"127.0.0.1:{port}")):
            assert lines.count(said) == 1
            lines = lines.replace(said, meant)
        [place] = re.findall(r"location (/\S+)/ ", lines)
        self.url = f"http://127.0.0.1:{self.port}{place}"
        text = AROUND.format(user="user root; " if IS_ROOT else "", folder=folder, lines=lines)
        (folder / "nginx.conf").write_text(text)
        self.process = subprocess.Popen([find(), "-p", folder, "-e", folder / "error.log", "-c", folder / "nginx.conf"])
        wait_for(self._listens)

    def close(self) -> None:
        """Ends it."""
        self.process.terminate()
        self.process.wait()

    def _listens(self) -> bool:
        assert self.process.poll() is None
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0
