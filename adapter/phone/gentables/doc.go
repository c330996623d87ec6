// Command gentables writes the numbering plans of package phone from the metadata of Google's libphonenumber, as
// nyaruka/phonenumbers carries it. The server itself does without that module: it unpacks all of its tables at the start of every
// process, which costs some megabytes of memory even where nobody signs in by phone.
//
// Only what turns metadata into plans belongs here.
package main
