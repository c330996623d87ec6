// Package system is the machine hexauth runs on: its clock, its entropy and its log, behind the ports of port/system.go. SharedClock
// corrects the clock by what the database says, so that all instances agree.
//
// It is the only adapter that reads the time or draws random numbers; everything else is handed a Clock, a Random or an
// io.Reader, so that tests can decide both. What talks to another machine does not belong here.
package system
