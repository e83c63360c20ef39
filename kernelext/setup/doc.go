// Package setup makes the installation that notebooks run in, gives its kernel to other Jupyters, and opens JupyterLab. Its
// subpackage doctor reports what is wrong with an installation.
//
// # Installation
//
// [Installer.Run] makes an installation and returns it as an [Environment]. It needs Go, a C compiler and Python, and makes:
//
//   - GoNB, gopls and goimports, built from the versions that tools/go.mod pins; GoNB with the patches of package gonb;
//   - a PJRT plugin, through which GoMLX reaches XLA: a file of a pinned Python wheel, checked by its SHA-256, and
//     tested in a separate process; where there is none, GoMLX's backend in pure Go, with a warning;
//   - oneDNN, which such a plugin calls for convolutions, from a pinned wheel in the same way, on Linux with x86-64;
//   - on Linux, a plugin in front of that one, which keeps compiled graphs for other processes;
//   - the session, the program in which the values of a kernel's cells live: package kernelext/session;
//   - a Python environment with JupyterLab, nbclient, nbconvert and Sphinx, every package pinned with its hashes;
//   - the kernelspec "cnnbook", which carries everything that the kernel needs in its own environment;
//   - compiled packages in Go's caches, so that the first cell is fast and no cell needs a connection.
//
// [Environment.InstallKernel] gives the kernel to any other Jupyter, JupyterLab, VS Code or JupyterHub; [InstalledKernels]
// lists such kernels and [RemoveKernel] removes one. Only what was installed by it is ever replaced or removed. [Lab] runs
// JupyterLab.
//
// # The cache folder
//
// Everything is stored in $CNNBOOK_CACHE, or in cnnbook in the user's cache folder:
//
//	tools/HASH/           gonb, gopls, goimports
//	plugin/NAME_HASH/     the plugin's library, under the name that go-xla looks for
//	onednn/NAME_HASH/     oneDNN's library, for one plugin
//	graphs-plugin/NAME_HASH/  the plugin that keeps compiled graphs, in front of another
//	graphs/               compiled graphs; those that nobody used for a month are removed
//	session/HASH/         the session and its client
//	probe/HASH/           the program that tests a plugin
//	python/HASH/          the Python environment
//	warm/HASH/            marks that Go's caches hold what cells need
//	jupyter/kernel-HASH/  kernels/cnnbook/kernel.json and logos: the folder for JUPYTER_PATH
//	jupyter/…             what Jupyter itself writes: settings, tokens, signatures
//	gopls/                what gopls keeps
//	logs/                 output of the commands that made the parts, and of kernels
//
// HASH covers everything that made the folder: versions, hashes, patches, toolchain, platform. A finished folder never changes,
// so a new version of one part makes a new folder and leaves a running kernel alone; the cache may be removed at any
// time. A folder is valid when it holds complete.json, which is written last; one without it is left from a process that
// was killed, and is removed and rebuilt. Next to each folder is a lock file: of two processes that want the same
// folder, the second reports which process it waits for, and finds the work done.
//
// # How a cell finds this module
//
// The session has the module's packages compiled in. GoNB compiles a cell that the session does not run in a folder of its
// own. The kernelspec starts GoNB with
// -go_work=CHECKOUT, so that this folder is a Go workspace with the checkout in it: a cell imports the module's
// packages, and the packages that the module uses at the versions that its go.mod pins, in a notebook
// anywhere, without set-up code and without a connection. A module that the checkout lacks is added to that folder's go.mod
// and no other module's version changes, see package kernelext/session/modules; the cell says which version it got.
//
// # Variables
//
//	CNNBOOK_CACHE             the cache folder
//	CNNBOOK_SESSION           0: no session, so that every cell is compiled
//	CNNBOOK_PYTHON            the Python interpreter to start from, at least 3.11
//	GOMLX_BACKEND             respected when set: "go", "xla:/path/to/plugin.so", "xla:cuda"
//	PJRT_PLUGIN_LIBRARY_PATH  respected when set: folders of plugins
//	CNNBOOK_ONEDNN            respected when set: oneDNN's library, or 0 for convolutions by XLA itself; see package cnn
//	CNNBOOK_GRAPHS            respected when set: the folder in which compiled graphs are kept, or 0 to compile in each process
//	OMP_WAIT_POLICY           respected when set; otherwise passive, so that oneDNN's threads leave the processors to XLA's
//	LD_PRELOAD                respected when set; otherwise the kernel's is a library that keeps memory between training steps, see Plugin.Preload
//
// # Errors
//
// An error that the user can fix is a [*Problem]: one line with cause and remedy. [errors.Is] tests its class: [ErrNoGo],
// [ErrNoCompiler], [ErrNoPython], [ErrNoVenv], [ErrNoCheckout], [ErrPlugin], [ErrChecksum], [ErrNetwork], [ErrRoot] or
// [ErrKernel].
package setup
