"""
Runs `openstack` commands, one a line of JSON. Each in a fork of this process, since importing the client takes ten
times as long as a command, and the client keeps sessions in its classes. A command's input is empty, and its outputs
are files, as they could be in a script.
"""
import contextlib
import importlib
import io
import json
import os
import pkgutil
import sys
import tempfile

import keystoneclient.v3.client  # noqa: F401
import novaclient.v2.client  # noqa: F401
import openstack.connection  # noqa: F401
from openstackclient import common, shell
from openstackclient.compute import v2 as compute
from openstackclient.identity import v3 as identity
from openstackclient.image import v2 as image
from openstackclient.network import v2 as network
from openstackclient.object import v1 as object_store


def run(argv):
    try:
        code = shell.OpenStackShell().run(argv)
    except SystemExit as ended:
        code = ended.code
    # as sys.exit takes it: `federation protocol set` of client 6.0 returns what it should show
    return code if isinstance(code, int) else int(code is not None)


def answer(argv):
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        os.dup2(out.fileno(), 1)
        os.dup2(err.fileno(), 2)
        code = run(argv)
        sys.stdout.flush()
        sys.stderr.flush()
        texts = [os.pread(file.fileno(), 1 << 24, 0).decode() for file in (out, err)]
    return json.dumps({"code": code, "out": texts[0], "err": texts[1]})


# what every command would import, and the entry points it would look up
with contextlib.redirect_stdout(io.StringIO()):
    run(["help", "user", "list"])
for area in (common, compute, identity, image, network, object_store):
    for module in pkgutil.iter_modules(area.__path__):
        importlib.import_module(f"{area.__name__}.{module.name}")

for line in sys.stdin:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        reply = answer(json.loads(line))
        with os.fdopen(writer, "w") as pipe:
            pipe.write(reply)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        print(pipe.read(), flush=True)
    os.waitpid(child, 0)
