package main

import (
	"fmt"
	"text/tabwriter"
)

type versionCommand struct{}

// Run prints the version.
func (versionCommand) Run(i *invocation) error {
	_, err := fmt.Fprintln(i.stdout, "hexauth "+version)
	return err
}

type configCommand struct{}

// Run prints the effective configuration, and every mistake in it.
func (configCommand) Run(i *invocation) error {
	cfg, err := i.config()
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(i.stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "VARIABLE\tVALUE\tFROM")
	for _, setting := range cfg.Effective() {
		fmt.Fprintf(table, "%s\t%s\t%s\n", setting.Name, setting.Value, setting.Source)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, warning := range cfg.Warnings {
		fmt.Fprintln(i.stdout, "warning: "+warning)
	}
	for _, name := range cfg.Ignored {
		fmt.Fprintln(i.stdout, "warning: "+name+" is set and means nothing to this version")
	}
	return nil
}
