"""What `python -m services` takes: the commands with their arguments, and their help."""

from __future__ import annotations

import argparse
from pathlib import Path

from services.commands import create_key, list_keys, print_openapi, revoke_key
from services.doctor.command import diagnose
from services.files.command import add_export, add_push
from services.gateway_commands import add_gateway
from services.roles import HELP
from services.run import run
from services.secrets import ROTATED, make_secrets
from services.topics import make_topics


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command and its arguments; where none is named, it is `run`."""
    parser = argparse.ArgumentParser(
        prog="python -m services",
        usage="%(prog)s [-h] [ROLE ...] | COMMAND ...",
        description="Interactor Engine. Without a command it runs the roles that are named in one process,\n"
        "all services where none is. Settings come from the environment; README.md lists them.",
        epilog="roles:\n" + "".join(f"  {role:18}{purpose}\n" for role, purpose in HELP.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", prog="python -m services")
    _add_commands(commands)
    leave = bool(arguments) and (arguments[0].startswith("-") or arguments[0] in commands.choices)
    return parser.parse_args(arguments if leave else ["run", *arguments])


def _add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    running = commands.add_parser("run", help="run roles in this process (the default)")
    running.add_argument("roles", nargs="*", metavar="ROLE", help="which; all services where none is named")
    running.set_defaults(command=run)
    openapi = commands.add_parser("openapi", help="print the OpenAPI document of the whole API")
    openapi.set_defaults(command=print_openapi)
    keys = commands.add_parser("keys", help="API keys of platforms").add_subparsers(
        title="commands", metavar="COMMAND", required=True
    )
    create = keys.add_parser("create", help="make a key and print it; it is shown this once")
    create.add_argument("--platform", required=True, help="the platform that the key acts for")
    create.add_argument("--name", default="", help="what the key is for")
    create.set_defaults(command=create_key)
    listing = keys.add_parser("list", help="list a platform's keys, never their secrets")
    listing.add_argument("--platform", required=True)
    listing.add_argument("--json", action="store_true", help="for programs")
    listing.set_defaults(command=list_keys)
    revoke = keys.add_parser("revoke", help="revoke a key for good")
    revoke.add_argument("--platform", required=True)
    revoke.add_argument("--at", metavar="URL", help="an internal port of identity; without it the store is opened")
    revoke.add_argument("key_id", metavar="KEY_ID", help="its id, as `keys list` shows it")
    revoke.set_defaults(command=revoke_key)
    topics = commands.add_parser("topics", help="make the topics of the bus that are missing")
    topics.set_defaults(command=make_topics)
    doctor = commands.add_parser("doctor", help="say what is wrong with what the settings name")
    doctor.add_argument("roles", nargs="*", metavar="ROLE", help="as a process with these roles would meet it")
    doctor.add_argument("--json", action="store_true", help="for programs")
    doctor.set_defaults(command=diagnose)
    add_export(commands.add_parser("export", help="print a service of a running product as a file"))
    add_push(commands.add_parser("push", help="bring a service of a running product to what a file says"))
    add_gateway(commands.add_parser("gateway", help="print the gateway's configuration, from the route tables"))
    _add_secrets(commands.add_parser("secrets", help="make what a deployment keeps secret; what is there is kept"))


def _add_secrets(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, required=True, help="the folder to fill")
    parser.add_argument("--rotate", choices=ROTATED, help="make these anew")
    parser.add_argument("--namespace", default="interactor", help="of Kubernetes; certificates name it")
    parser.add_argument(
        "--store-at",
        default="mongodb:27017/?replicaSet=rs0",
        help="hosts and options of MongoDB, as they follow the `@` of a new STORE_URL",
    )
    parser.add_argument(
        "--bus-at",
        default="kafka:9092?replication=1",
        help="hosts and options of Kafka, as they follow the `@` of a new BUS_URL",
    )
    parser.set_defaults(command=make_secrets)
