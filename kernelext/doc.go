// Package kernelext is all that touches Jupyter: it sets up a Go kernel, says what is wrong with one, opens
// JupyterLab, shows figures and training in cells, runs notebooks and publishes them.
//
// # Installation
//
// [setup.Installer.Run] makes an installation and gives it as an [setup.Environment]. It needs Go, a C compiler and Python, and makes:
//
//   - GoNB, gopls and goimports, built from the versions that tools/go.mod pins;
//   - a PJRT plugin, through which GoMLX reaches XLA: a file of a pinned Python wheel, checked by its SHA-256, and
//     tried in a process of its own; where there is none, GoMLX's backend in pure Go, with a warning;
//   - oneDNN, which such a plugin calls for convolutions, from a pinned wheel in the same way, on Linux with x86-64;
//   - a Python environment with JupyterLab, nbclient, nbconvert and Sphinx, every package pinned with its hashes;
//   - the kernelspec "cnnbook", which carries all that the kernel needs in its own environment;
//   - compiled packages in Go's caches, so that the first cell is quick and none needs a connection.
//
// [setup.Environment.InstallKernel] gives the kernel to any other Jupyter, JupyterLab, VS Code or JupyterHub; [setup.InstalledKernels]
// lists such kernels and [RemoveKernel] removes one. Only what was installed by it is ever replaced or removed.
//
// # The cache folder
//
// Everything lies in $CNNBOOK_CACHE, or in cnnbook in the person's cache folder:
//
//	tools/HASH/           gonb, gopls, goimports
//	plugin/NAME_HASH/     the plugin's library, under the name that go-xla looks for
//	onednn/NAME_HASH/     oneDNN's library, for one plugin
//	probe/HASH/           the program that tries a plugin
//	python/HASH/          the Python environment
//	warm/HASH/            says that Go's caches hold what cells need
//	jupyter/kernel-HASH/  kernels/cnnbook/kernel.json and logos: the folder for JUPYTER_PATH
//	jupyter/…             what Jupyter itself writes: settings, tokens, signatures
//	gopls/                what gopls keeps
//	logs/                 output of the commands that made the parts, and of kernels
//
// HASH stands for all that made the folder: versions, hashes, toolchain, platform. A finished folder never changes,
// so a new version of one part makes a new folder and leaves a running kernel alone; the cache may be removed at any
// time. A folder counts when it holds complete.json, which is written last; one without it is left from a process that
// was killed, and is removed and made anew. Beside each folder lies a lock file: of two processes that want the same
// folder, the second says for whom it waits, and finds the work done.
//
// # How a cell finds this module
//
// GoNB compiles a cell in a folder of its own and runs "go get" there. The kernelspec starts GoNB with
// -go_work=CHECKOUT, so that this folder is a Go workspace with the checkout in it: a cell imports the module's
// packages, and the packages that the module uses at the versions that its go.mod pins, in a notebook that lies
// anywhere, with no line of set-up and no connection. Importing a module that the checkout does not use is up to the
// person: GoNB then fetches it.
//
// # In a cell
//
// [Cell] runs a cell's body with a context that ends at Jupyter's interrupt, and turns its error into one short line
// and a failed cell. [ParamsFromEnv] says which dataset, budget and seed the notebook was started with. [Display] shows
// figures, pictures, tables and text, each with a twin in words; [Live] shows a training while it goes on; [Explorer] lets
// a person choose what is shown. [Checks] tells a learner how far an exercise is solved, and [WriteHandouts] copies notebooks
// for students and teachers.
//
// A cell that fails stops those that wait behind it, as Jupyter's protocol asks. GoNB v0.11.4 runs them all, so it is built
// from a copy with a few edits (gonb.Edits).
//
// # Without a person
//
// [Execute] runs a notebook from its first cell to its last and normalises what it leaves; [Render] makes the pages of
// executed notebooks, which load nothing from elsewhere; [Publish] puts outputs into the notebooks of a repository.
// [CheckRecord] tells when an executed notebook is older than its cells or the code that they import.
//
// # Variables
//
//	CNNBOOK_DATA              dataset of the notebooks, a folder or archive; unset: drawn images
//	CNNBOOK_BUDGET            smoke (when unset), cpu, hours or full
//	CNNBOOK_SEED              seed of everything random; 1 when unset
//	CNNBOOK_RUNS              folder of the saved runs; runs in the cache folder when unset
//	CNNBOOK_STILL             not empty: nobody is there to choose anything, see Explorer
//	CNNBOOK_CACHE             the cache folder
//	CNNBOOK_PYTHON            the Python interpreter to start from, at least 3.11
//	GOMLX_BACKEND             respected when set: "go", "xla:/path/to/plugin.so", "xla:cuda"
//	PJRT_PLUGIN_LIBRARY_PATH  respected when set: folders of plugins
//	CNNBOOK_ONEDNN            respected when set: oneDNN's library, or 0 for convolutions by XLA itself; see package cnn
//	OMP_WAIT_POLICY           respected when set; otherwise passive: oneDNN's threads leave the processors to XLA's
//	LD_PRELOAD                respected when set; otherwise the kernel's is a library that keeps memory between training steps, see setup.Plugin.Preload
//
// # Errors
//
// What a person can mend is a [*setup.Problem]: one line with cause and remedy. Its class is told by [errors.Is] with
// [setup.ErrNoGo], [setup.ErrNoCompiler], [setup.ErrNoPython], [ErrNoVenv], [ErrNoCheckout], [setup.ErrPlugin], [ErrChecksum], [ErrNetwork],
// [ErrRoot] or [ErrKernel]. [setup.Installer.Doctor] looks for the same problems beforehand, and changes nothing.
package kernelext
