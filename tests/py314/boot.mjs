// Boots Python from the npm package pyodide and runs pytest in it: the tests see the project and its packages as files.
// node boot.mjs FOLDER_OF_PYODIDE FOLDER_OF_PACKAGES ROOT_OF_THE_PROJECT ARGUMENT_OF_PYTEST...
import { pathToFileURL } from "node:url";

const [pyodide, packages, root, ...options] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(`${pyodide}/pyodide.mjs`));

const site = "/lib/python3.14/site-packages";
const python = await loadPyodide({
  // The tests bring an event loop of their own: this one could only block in newer versions of Node.
  enableRunUntilComplete: false,
  env: {
    PYTHONDONTWRITEBYTECODE: "1",
    PYTHONMALLOC: "debug",
    TOX_ENV_NAME: process.env.TOX_ENV_NAME ?? "",
  },
  // Before Python starts, since it looks at its path once.
  fsInit: async (files) => {
    for (const [there, here] of [[site, packages], ["/gemel", root]]) {
      files.mkdirTree(there);
      files.mount(files.filesystems.NODEFS, { root: here }, there);
    }
  },
});
// Not before: Pyodide itself uses what 3.14 deprecates.
python.runPython(`
import os, sys, warnings
sys.warnoptions.append("error")
warnings.simplefilter("error")
os.chdir("/gemel/tests")
`);
python.globals.set("options", python.toPy(options));
process.exit(python.runPython("import pytest; int(pytest.main(options))"));
