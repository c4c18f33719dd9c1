"""
Runs `openstack` commands, one a line of JSON. Each in a fork of this process, since importing the client takes ten
times as long as a command, and the client keeps sessions in its classes.
"""
import contextlib
import importlib
import io
import json
import os
import pkgutil
import sys

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
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = shell.OpenStackShell().run(argv)
        except SystemExit as ended:
            code = ended.code
    return json.dumps({"code": code, "out": out.getvalue(), "err": err.getvalue()})


# what every command would import, and the entry points it would look up
run(["help", "user", "list"])
for area in (common, compute, identity, image, network, object_store):
    for module in pkgutil.iter_modules(area.__path__):
        importlib.import_module(f"{area.__name__}.{module.name}")

for line in sys.stdin:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        with os.fdopen(writer, "w") as answer:
            answer.write(run(json.loads(line)))
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answer:
        print(answer.read(), flush=True)
    os.waitpid(child, 0)
