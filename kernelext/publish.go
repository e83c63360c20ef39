package kernelext

import "fmt"

// Publish puts an executed notebook in the place of its source, for readers without a kernel. The
// record of the run, with its machine and date, is left out: equal results are equal files.
func Publish(executed, source string) error {
	nb, err := readNotebook(executed)
	if err != nil {
		return err
	}
	if err := (normaliser{kernel: kernelspecInfo{DisplayName: KernelDisplayName, Language: "go", Name: KernelName}}).apply(nb); err != nil {
		return fmt.Errorf("kernelext: publish %s: %w", executed, err)
	}
	if err := nb.write(source, 0o644); err != nil {
		return fmt.Errorf("kernelext: publish: %w", err)
	}
	return nil
}
