"""PyInstaller's hook: what it cannot see in the code."""

from pathlib import Path

# gemel loads uplink by a name that is a text, under the locks of all its modules; what uplink imports, PyInstaller
# finds by itself. The modules behind gemel's faces are found by the imports that stand there for the checkers.
hiddenimports: list[str] = ["uplink"]
datas: list[tuple[str, str]] = [
    (str(Path(__file__).parents[1] / "sandbox" / "infisical" / "catalogue.txt"), "gemel/sandbox/infisical")
]
