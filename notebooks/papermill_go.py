"""papermill for notebooks with the kernel "Go (cnnbook)".

    python papermill_go.py 02-data-and-splits.ipynb out.ipynb -p budget cpu -p seed 3

accepts all arguments of papermill's own command. In a program, importing this module is enough; then
papermill.execute_notebook(..., parameters={"seed": 3}) works as for any other kernel.

papermill writes the parameters into a cell in the notebook's language, but does not support Go. In a GoNB notebook,
values do not last from cell to cell, but environment variables do, and each cell here reads its parameters from them. So
the cell of parameters sets environment variables.
"""

import os

from papermill.cli import papermill
from papermill.exceptions import PapermillException
from papermill.translators import Translator, papermill_translators

VARIABLES = {name: f"CNNBOOK_{name.upper()}" for name in ("data", "budget", "seed", "runs")}


class GoNBTranslator(Translator):
    """Writes parameters as GoNB's %env lines."""

    @classmethod
    def codify(cls, parameters, comment="Parameters"):
        lines = [f"// {comment}"]
        for name, value in parameters.items():
            if name not in VARIABLES:
                raise PapermillException(f"unknown parameter {name!r}: expected one of {', '.join(VARIABLES)}")
            text = "" if value is None else str(value)
            if "\n" in text or "\r" in text:
                raise PapermillException(f"parameter {name}: expected one line, got {text!r}")
            text = text.replace("\\", "\\\\").replace('"', '\\"')
            lines.append(f'%env {VARIABLES[name]} "{text}"')
        return "\n".join(lines) + "\n"


papermill_translators.register("go", GoNBTranslator)
os.environ.setdefault("CNNBOOK_STILL", "1")  # no user can choose anything

if __name__ == "__main__":
    papermill()
