// Command dashboard fails unless a file is a dashboard as Grafana's schema describes it: no field that the schema does not know,
// and none missing that it asks for.
package main

import (
	"fmt"
	"os"

	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

func main() {
	if err := check(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func check(path string) error {
	plugins.RegisterDefaultPlugins()
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var read dashboard.Dashboard
	if err := told(read.UnmarshalJSONStrict(text)); err != nil {
		return err
	}
	return told(read.Validate())
}

// told returns an error that says something: the library also returns empty lists of errors.
func told(err error) error {
	if err == nil || err.Error() == "" {
		return nil
	}
	return err
}
