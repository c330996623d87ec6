// Package docs holds the documents to the program: what README.md tells a newcomer to paste is pasted and run against the
// real binary, every link leads somewhere, and every variable, command and make target that is named exists.
//
// A code block that a comment <!-- tested: … --> precedes is run. Anything else that documents claim and a test can check
// may enter; tests of the server itself do not belong here.
package docs
