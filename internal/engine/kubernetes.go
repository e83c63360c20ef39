package engine

import (
	"bytes"
	"fmt"
	"path"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"
)

// Volume is where the pods of a Job find what they share.
type Volume struct {
	Image string // of the container
	Claim string // persistent volume claim with the runs, and the dataset if there is one; mounted at [WorkFolder]
}

// checkout is the folder of this module in the image, in which set-up finds what the image has.
const checkout = "/opt/cnnbook"

// WorkFolder is where the claim is mounted, and SweepFolder the sweep's file.
const (
	WorkFolder  = "/work"
	SweepFolder = "/sweep"
)

// maxRetries is how often an index is tried again after an error of its own. Evictions and StatusAgain do not count.
const maxRetries = 3

// object is a YAML mapping, in alphabetical order.
type object map[string]any

// KubernetesYAML describes a job for kubectl apply: a ConfigMap with the sweep's file, and an indexed Job that gives each training
// a pod of its own.
//
// A pod that is evicted, or ends with [StatusAgain], is replaced and not counted as a failure. [StatusNever] fails its index
// for good and leaves the others.
func KubernetesYAML(j Job, v Volume, file []byte) ([]byte, error) {
	name := objectName(j.Name)
	config := object{
		"apiVersion": "v1", "kind": "ConfigMap", "metadata": object{"name": name}, "data": object{"sweep.json": string(file)},
	}
	memory := j.Memory
	if strings.HasSuffix(memory, "G") || strings.HasSuffix(memory, "M") {
		memory += "i" // Slurm's units are powers of two
	}
	container := object{
		"name": "train", "image": v.Image, "workingDir": checkout,
		"args": append([]string{j.Program, "sweep", "run", path.Join(SweepFolder, "sweep.json"), "--index", "$(JOB_COMPLETION_INDEX)"}, j.Flags...),
		"env": []object{
			{"name": "JOB_COMPLETION_INDEX", "valueFrom": object{"fieldRef": object{"fieldPath": "metadata.annotations['batch.kubernetes.io/job-completion-index']"}}},
			{"name": "OMP_NUM_THREADS", "value": fmt.Sprint(j.CPUs)},
		},
		"resources":    object{"requests": object{"cpu": fmt.Sprint(j.CPUs), "memory": memory}, "limits": object{"memory": memory}},
		"volumeMounts": []object{{"name": "work", "mountPath": WorkFolder}, {"name": "sweep", "mountPath": SweepFolder, "readOnly": true}},
	}
	onStatus := func(status int, action string) object {
		return object{"action": action, "onExitCodes": object{"containerName": "train", "operator": "In", "values": []int{status}}}
	}
	spec := object{
		"completionMode": "Indexed", "completions": j.Trainings, "parallelism": j.Trainings,
		"backoffLimitPerIndex": maxRetries, "maxFailedIndexes": j.Trainings,
		"podReplacementPolicy": "Failed", // no second pod before the first has ended and released its lock
		"podFailurePolicy": object{"rules": []object{
			{"action": "Ignore", "onPodConditions": []object{{"type": "DisruptionTarget", "status": "True"}}},
			onStatus(StatusAgain, "Ignore"), onStatus(StatusNever, "FailIndex"),
		}},
		"template": object{"spec": object{
			"restartPolicy": "Never", "terminationGracePeriodSeconds": 60,
			"containers": []object{container},
			"volumes": []object{
				{"name": "work", "persistentVolumeClaim": object{"claimName": v.Claim}},
				{"name": "sweep", "configMap": object{"name": name}},
			},
		}},
	}
	if j.AtOnce > 0 {
		spec["parallelism"] = min(j.AtOnce, j.Trainings)
	}
	job := object{"apiVersion": "batch/v1", "kind": "Job", "metadata": object{"name": name}, "spec": spec}
	var out bytes.Buffer
	e := yaml.NewEncoder(&out)
	e.SetIndent(2)
	for _, document := range []object{config, job} {
		if err := e.Encode(document); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), e.Close()
}

var notInNames = regexp.MustCompile(`[^a-z0-9]+`)

// objectName is a name that Kubernetes accepts: lower case, digits and dashes.
func objectName(name string) string {
	return "cnnbook-" + strings.Trim(notInNames.ReplaceAllString(strings.ToLower(name), "-"), "-")
}
