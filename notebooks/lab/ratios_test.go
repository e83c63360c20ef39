package lab

import (
	"strings"
	"testing"

	"github.com/cnnbook/cnnbook/cnn"
)
