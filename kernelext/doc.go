// Package kernelext is what a notebook's cell uses: it runs the cell's body, shows figures and training progress, and reads the
// parameters with which the notebook was started. Its subpackage setup installs the kernel; subpackage book runs notebooks
// unattended and publishes them. A cell links neither.
//
// # In a cell
//
// [Cell] runs a cell's body with a context that ends at Jupyter's interrupt, and turns its error into one short line
// and a failed cell. [ParamsFromEnv] returns the dataset, budget and seed with which the notebook was started. [Display] shows
// figures, images, tables and text, each with a plain-text equivalent; [Live] shows a training run in progress; [Explorer] lets
// the user choose what is shown. [Checks] shows a learner which parts of an exercise are solved.
//
// # Variables
//
//	CNNBOOK_DATA    dataset of the notebooks, a folder or archive; unset: drawn images
//	CNNBOOK_BUDGET  smoke (when unset), cpu, hours or full
//	CNNBOOK_SEED    seed of everything random; 1 when unset
//	CNNBOOK_RUNS    folder of the saved runs; runs in the cache folder when unset
//	CNNBOOK_STILL   not empty: the run is unattended, see Explorer
package kernelext
