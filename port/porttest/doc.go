// Package porttest holds one conformance suite for each port. An adapter passes the suite of its port in its own tests, race
// and rollback cases included, so use cases may rely on what the port's comments promise, whichever adapter is behind it.
//
// A new port gets its suite here; a defect found in one adapter gets its case here, so that the others are asked too.
package porttest
