// Command fuzz looks for fuzz targets in all packages, runs one after the other, keeps what they found and writes the section
// "fuzz" of docs/reliability.md. `make fuzz` runs it.
//
// What a target found interesting stands in testdata/fuzz/<target> beside it afterwards, as far as that stays small, so that every
// `go test` tries it again. A failure stands there in any case: go test writes it.
package main
