"""`grader serve`: shows the gradebook in a browser to the people that --person names."""

from __future__ import annotations

import ipaddress
import socket
from pathlib import Path
from typing import Final

import click

from grader.cli.commands import FOLDER
from grader.cli.run_record import user
from grader.errors import UsageError
from grader.gradebook.place import beside
from grader.intake.names import show

INSTALL: Final = "Run pip install 'layergrader[serve]'"


@click.command()
@click.argument("out", default="reports", type=FOLDER)
@click.option(
    "--gradebook",
    "url",
    metavar="URL",
    envvar="GRADER_GRADEBOOK",
    help="The gradebook: a file or postgresql://…. Default: gradebook.sqlite3 beside OUT.",
)
@click.option(
    "--title", default="", metavar="TEXT", help="The assignment's title; not needed if OUT holds its results."
)
@click.option(
    "--person", "persons", multiple=True, metavar="NAME", help="A person who gets a link. Repeatable. Default: you."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address on which the server listens.")
@click.option("--port", default=8231, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free port.")
@click.option(
    "--address",
    default="",
    metavar="URL",
    help="The address that browsers use, if a proxy is before the server.",
)
def serve(out: Path, url: str | None, title: str, persons: tuple[str, ...], host: str, port: int, address: str) -> int:
    """Show grades in a browser, where staff adjust and comment on them. OUT is the output folder of `grader grade`.

    Prints a link for each person. The token in the link identifies the person, and the history shows this name for each
    decision made through the link. Without --host, only this machine can reach the server. Press Ctrl-C to stop.
    """
    try:
        import uvicorn

        from grader.gradebook.book import open_gradebook
        from grader.web.access import Door
        from grader.web.app import make_app
        from grader.web.site import Site, find_title
        from grader.web.warming import kept_warm
    except ModuleNotFoundError as error:
        raise UsageError(f"serve: {error.name} is not installed. {INSTALL}.") from None
    see_address(address)
    with open_gradebook(url or beside(out), make=False) as book, listen(host, port) as listening:
        number = listening.getsockname()[1]
        names = dict.fromkeys([host, "127.0.0.1", "localhost"] if is_loopback(host) else [host])
        own = [f"http://{f'[{name}]' if ':' in name else name}:{number}" for name in names]
        addresses = (address.rstrip("/"), *own) if address else tuple(own)
        site, door = Site(book, find_title(book, title, out), out), Door(persons or (user(),))
        app = make_app(site, door, addresses)
        with kept_warm(site):
            click.echo(f"{show(site.title)}, {book.place}, {out}")
            for person, token in door.tokens.items():
                click.echo(f"{person}: {addresses[0]}/enter?token={token}")
            if not is_loopback(host):
                text = "others on the network can read what is sent. Put a proxy with TLS before it and name it"
                click.echo(f"grader: {host}: {text}: --address.", err=True)
            config = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False, lifespan="off")
            uvicorn.Server(config).run(sockets=[listening])
    return 0


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on this host and port. Raises UsageError if the system refuses."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family)
    except (OSError, UnicodeError) as error:
        raise UsageError(f"{host}:{port}: cannot listen there ({error}). Name another with --host or --port.") from None


def is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def see_address(address: str) -> None:
    from urllib.parse import urlsplit

    parts = urlsplit(address)
    if address and (parts.scheme not in ("http", "https") or not parts.netloc or parts.path.strip("/")):
        raise UsageError(f"--address {address}: expected http:// or https:// and a name, without a path.")
