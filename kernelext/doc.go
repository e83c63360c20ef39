// Package kernelext is what a notebook's cell uses: it runs the cell's body, shows figures and trainings, and says with which
// parameters the notebook was started. Package setup, below it, installs the kernel; package book runs notebooks without a
// person and publishes them. A cell links neither.
//
// # In a cell
//
// [Cell] runs a cell's body with a context that ends at Jupyter's interrupt, and turns its error into one short line
// and a failed cell. [ParamsFromEnv] says which dataset, budget and seed the notebook was started with. [Display] shows
// figures, images, tables and text, each with a twin in words; [Live] shows a training while it goes on; [Explorer] lets
// a person choose what is shown. [Checks] tells a learner how far an exercise is solved.
//
// # Variables
//
//	CNNBOOK_DATA    dataset of the notebooks, a folder or archive; unset: drawn images
//	CNNBOOK_BUDGET  smoke (when unset), cpu, hours or full
//	CNNBOOK_SEED    seed of everything random; 1 when unset
//	CNNBOOK_RUNS    folder of the saved runs; runs in the cache folder when unset
//	CNNBOOK_STILL   not empty: nobody is there to choose anything, see Explorer
package kernelext
