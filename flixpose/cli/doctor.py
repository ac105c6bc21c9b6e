"""`flixpose doctor`: what is installed, reachable and missing, and the remedy."""

import json
from collections.abc import Iterable

import click

from flixpose.cli.main import EXIT_FAILED
from flixpose.diagnosis import Finding, diagnose

_MARKS = {"ok": ("✓", "green"), "note": ("–", "yellow"), "missing": ("✗", "red")}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON on standard output.")
def command(as_json: bool) -> int:
    """Say what is installed, reachable and missing, with the remedy for each.

    Looks at Python and the packages, the weights, the database, the queue, the store (writes, reads and
    removes one small object), the workers, the disk and the cores. Passwords are not shown. Exit code 1 when
    something needed is missing; a "–" is worth knowing and stops nothing.

    \b
    Example:
      flixpose doctor
      flixpose doctor --json | jq '.findings[] | select(.state == "missing")'
    """
    findings = diagnose()
    healthy = all(finding.state != "missing" for finding in findings)
    if as_json:
        click.echo(json.dumps({"ok": healthy, "findings": [f.to_json() for f in findings]}, indent=2))
    else:
        _print(findings)
    return 0 if healthy else EXIT_FAILED


def _print(findings: Iterable[Finding]) -> None:
    for finding in findings:
        mark, colour = _MARKS[finding.state]
        click.echo(f"{click.style(mark, fg=colour)} {finding.name:10} {finding.detail}")
        if finding.remedy:
            click.echo(f"  {'':10} → {finding.remedy}")
